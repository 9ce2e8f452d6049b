/** What the executable says about the look in the settings. */
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../support/binary'
import { removeFolder } from '../support/remove-folder'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-look-'))
afterAll(() => removeFolder(folder))

const file = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

test('check says what is wrong with a logo, and the server does not start with it', async () => {
  const env = { AUTH_BRAND_LOGO: file('logo.png', 'not an image') }
  const problem = 'AUTH_BRAND_LOGO cannot be used: it is neither an SVG nor a PNG nor a WebP image'
  const checked = await run(['check'], { cwd: folder, env })
  expect([checked.status, checked.stdout]).toEqual([1, expect.stringContaining(`error: ${problem}\n`)])
  const served = await run(['serve', '--port', '0'], { cwd: folder, env })
  expect([served.status, served.stderr]).toEqual([1, expect.stringContaining(problem)])
  const missing = await run(['check'], { cwd: folder, env: { AUTH_BRAND_LOGO: join(folder, 'none.svg') } })
  expect([missing.status, missing.stdout]).toEqual([
    1,
    expect.stringContaining('AUTH_BRAND_LOGO cannot be used: ENOENT'),
  ])
})

test('the exported templates have the look of the settings', async () => {
  const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')
  const env = { AUTH_BRAND_NAME: 'Acme', AUTH_BRAND_COLOR: '#b91c1c', AUTH_BRAND_LOGO: file('mail.png', png) }
  const exported = await run(['mail', 'templates', join(folder, 'mails')], { cwd: folder, env })
  expect([exported.stderr, exported.status]).toEqual(['', 0])
  const mail = await Bun.file(join(folder, 'mails/confirmation.html')).text()
  for (const part of ['Acme</p>', 'background-color:#b91c1c', 'src="http://localhost:7020/account/logo"'])
    expect(mail).toContain(part)
  const checked = await run(['check', '--set', `AUTH_MAILER_TEMPLATES_DIR=${join(folder, 'mails')}`], {
    cwd: folder,
    env,
  })
  expect([checked.status, checked.stdout]).toEqual([0, expect.stringContaining('The settings are valid.')])
})
