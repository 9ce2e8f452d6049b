import { afterAll, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseSecretKey, publicKeyOf, signatureOf } from '../../scripts/release/sign'
import { releaseFile } from '../../scripts/release/sums'
import { target } from '../../src/version'
import { BINARY } from '../support/binary'
import { minisignSecretKey } from '../support/minisign'
import { removeFolder } from '../support/remove-folder'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-update-'))
afterAll(() => removeFolder(folder))

const executable = join(folder, 'latchkey')
const key = parseSecretKey(minisignSecretKey())
const update = (...args: string[]) => {
  const { stdout, stderr, status } = spawnSync(executable, ['update', '--public-key', publicKeyOf(key), ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH },
  })
  return { stdout: stdout.toString(), stderr: stderr.toString(), status }
}

test('the executable replaces itself, and tests the new one with the settings that it was given', () => {
  copyFileSync(BINARY, executable)
  const next = join(folder, 'next')
  const script = `#!/bin/sh
case "$1" in version) echo '{"version":"99.0.0"}';; check) shift; echo "$*" > ${folder}/checked;; esac
`
  writeFileSync(next, script)
  const manifest = JSON.stringify({ version: '99.0.0', commit: 'abc', executables: [releaseFile(target, next)] })
  writeFileSync(join(folder, 'release.json'), manifest)
  expect(update()).toEqual({
    status: 2,
    stdout: '',
    stderr: 'latchkey: set AUTH_UPDATE_URL to the URL of the releases, or give --from\n',
  })
  expect(update('--from', folder)).toMatchObject({ status: 4, stderr: expect.stringContaining('release.json.minisig') })

  writeFileSync(join(folder, 'release.json.minisig'), signatureOf(Buffer.from('another'), key, 'release'))
  expect(update('--from', folder)).toMatchObject({ status: 4, stderr: expect.stringContaining('signature') })
  expect(readFileSync(executable).equals(readFileSync(BINARY))).toBe(true)

  writeFileSync(join(folder, 'release.json.minisig'), signatureOf(Buffer.from(manifest), key, 'release'))
  const given = [
    '--data-dir',
    './data',
    '--set',
    'AUTH_JWT_EXP=900',
    '--set',
    'AUTH_SITE_URL=https://app.example.com/?a=b',
  ]
  const { stdout, stderr, status } = update('--from', folder, '--json', ...given)
  expect([JSON.parse(stdout), stderr, status]).toEqual([
    { version: '99.0.0', previous: `${executable}.previous` },
    '',
    0,
  ])
  expect(readFileSync(executable, 'utf8')).toBe(script)
  expect(readFileSync(`${executable}.previous`).equals(readFileSync(BINARY))).toBe(true)
  expect(readFileSync(join(folder, 'checked'), 'utf8')).toBe(`${given.join(' ')}\n`)
}, 60_000)
