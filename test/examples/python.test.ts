/** `examples/python`: its own tests, its script, and the API with tokens of the executable. */
import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../support/binary'
import { canInstall, installExample, startForApplication } from '../support/examples'
import { freePort } from '../support/free-port'

const NAME = 'python'
const INSTALL = {
  manifests: ['requirements.txt'],
  commands: [
    ['python3', '-m', 'venv', '.venv'],
    ['.venv/bin/pip', 'install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt'],
  ],
  creates: '.venv',
}

/** Debian has the modules in the package python3-venv. */
const hasPython = Bun.which('python3') !== null && Bun.spawnSync(['python3', '-c', 'import ensurepip']).success
if (!hasPython) console.log('python3 with venv is missing: the example in Python is skipped')

const exampleTest = (name: string, run: () => Promise<void>) =>
  test.skipIf(!hasPython || !canInstall(NAME, INSTALL))(name, run, 120_000)

exampleTest('Python: the tests of the example pass', async () => {
  const example = await installExample(NAME, INSTALL)
  expect(await example.run(['.venv/bin/python', '-m', 'pytest', '--quiet'])).toContain('14 passed')
})

exampleTest('Python: sign-up, sign-in, code by mail and admin API, and tokens for the API', async () => {
  const example = await installExample(NAME, INSTALL)
  const port = freePort()
  await using server = await startForApplication(port)
  writeFileSync(join(example.folder, '.env'), server.envFile)
  await run(['keys', 'rotate', '--now'], { cwd: server.folder })
  const output = await example.run(['.venv/bin/python', 'sign_in.py'])
  expect(output.split('\n')).toEqual([
    expect.stringMatching(/^signed up: ada-[0-9a-f]{8}@example\.com$/),
    'signed in with the password; the token expires in 3600 seconds',
    'signed in with a code by mail',
    expect.stringMatching(/^claims: \{'sub': '[0-9a-f-]{36}', 'role': 'authenticated', 'aal': 'aal1'\}$/),
    "app_metadata: {'plan': 'pro', 'provider': 'email', 'providers': ['email']}",
    'deleted',
    '',
  ])

  await using _ = await example.serve(['.venv/bin/uvicorn', 'app:app', '--port', String(port)], port)
  const account = { email: 'grace@example.com', password: 'correct-horse-battery-9' }
  const { body } = await server.ask('POST', '/auth/v1/signup', { body: account })
  const headers = { authorization: `Bearer ${body.access_token}` }
  const ask = async (method: string, path: string) => {
    const response = await fetch(`http://localhost:${port}${path}`, { method, headers })
    return [response.status, await response.json()]
  }
  expect(await ask('GET', '/me')).toEqual([200, expect.objectContaining({ email: account.email, aal: 'aal1' })])
  expect(await ask('POST', '/payouts')).toEqual([403, { detail: 'A second factor is required' }])
  expect(await ask('DELETE', '/files')).toEqual([200, { deleted: true, by: body.user.id }])
  await server.ask('POST', '/auth/v1/logout', { token: body.access_token })
  expect(await ask('GET', '/me')).toMatchObject([200, { sub: body.user.id }])
  expect(await ask('DELETE', '/files')).toEqual([
    401,
    { detail: 'Session from session_id claim in JWT does not exist' },
  ])
})

for (const isAsymmetric of [false, true])
  exampleTest(
    `supabase-py: all that applications call, ${isAsymmetric ? 'with a key pair' : 'with the secret'}`,
    async () => {
      const example = await installExample(NAME, INSTALL)
      await using server = await startForApplication(freePort(), { AUTH_MAILER_AUTOCONFIRM: 'false' })
      if (isAsymmetric) await run(['keys', 'rotate', '--now'], { cwd: server.folder })
      const output = await example.run(['.venv/bin/python', join(import.meta.dir, 'supabase_py.py')], {
        SUPABASE_URL: server.url,
        SUPABASE_PUBLISHABLE_KEY: server.keys.publishable_key,
        SUPABASE_SECRET_KEY: server.keys.secret_key,
      })
      expect(output).toBe('passed\n')
    },
  )
