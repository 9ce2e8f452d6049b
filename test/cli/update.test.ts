import { afterAll, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseSecretKey, publicKeyOf, signatureOf } from '../../scripts/release/sign'
import { releaseFile } from '../../scripts/release/sums'
import { CommandFailure, EXIT } from '../../src/cli/exit-status'
import { otherInstaller } from '../../src/cli/replace-executable'
import { type Update, updateExecutable } from '../../src/cli/update'
import { minisignSecretKey } from '../support/minisign'
import { removeFolder } from '../support/remove-folder'

const root = mkdtempSync(join(tmpdir(), 'latchkey-update-'))
afterAll(() => removeFolder(root))

const key = parseSecretKey(minisignSecretKey())

/** Stands in for an executable. @param check what `latchkey check` does */
const script = (version: string, check = 'exit 0') =>
  `#!/bin/sh\ncase "$1" in version) echo '{"version":"${version}"}';; check) ${check};; esac\n`

interface Release {
  version?: string
  executable?: string
  target?: string
  signedBy?: typeof key
}

function release({
  version = '1.1.0',
  executable = script(version),
  target = 'linux-x64',
  signedBy = key,
}: Release = {}) {
  const folder = mkdtempSync(join(root, 'release-'))
  const path = join(folder, `latchkey-${version}-${target}`)
  writeFileSync(path, executable)
  const manifest = JSON.stringify({ version, commit: 'abc', executables: [releaseFile(target, path)] })
  writeFileSync(join(folder, 'release.json'), manifest)
  writeFileSync(join(folder, 'release.json.minisig'), signatureOf(Buffer.from(manifest), signedBy, 'release'))
  return { folder, path }
}

/** An installed version 1.0.0. */
function install() {
  const folder = mkdtempSync(join(root, 'bin-'))
  const executable = join(folder, 'latchkey')
  writeFileSync(executable, script('1.0.0'))
  chmodSync(executable, 0o755)
  const update = (from: string, options: Partial<Update> = {}) =>
    updateExecutable({
      ...{
        executable,
        current: '1.0.0',
        target: 'linux-x64',
        from,
        publicKey: publicKeyOf(key),
        allowDowngrade: false,
      },
      settings: ['--set', 'AUTH_PORT=1'],
      ...options,
    })
  return { folder, executable, update }
}

/** It fails as said, and the old executable is in place, alone. */
async function expectRefusal(
  { folder, executable, update }: ReturnType<typeof install>,
  [from, options]: Parameters<typeof update>,
  message: string,
  status: number = EXIT.failure,
) {
  const failure = await update(from, options).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(CommandFailure)
  expect([(failure as CommandFailure).message, (failure as CommandFailure).status]).toEqual([
    expect.stringContaining(message),
    status,
  ])
  expect(readFileSync(executable, 'utf8')).toBe(script('1.0.0'))
  expect(readdirSync(folder)).toEqual(['latchkey'])
}

test('a signed release replaces the executable, and the old one is kept beside it', async () => {
  const installed = install()
  const outcome = await installed.update(release().folder)
  expect(outcome).toEqual({ version: '1.1.0', previous: `${installed.executable}.previous` })
  expect(readFileSync(installed.executable, 'utf8')).toBe(script('1.1.0'))
  expect(statSync(installed.executable).mode & 0o777).toBe(0o755)
  expect(readFileSync(outcome.previous ?? '', 'utf8')).toBe(script('1.0.0'))
  expect(readdirSync(installed.folder).sort()).toEqual(['latchkey', 'latchkey.previous'])
})

test('a second update replaces the kept one', async () => {
  const installed = install()
  await installed.update(release().folder)
  await installed.update(release({ version: '1.2.0' }).folder)
  expect(readFileSync(`${installed.executable}.previous`, 'utf8')).toBe(script('1.1.0'))
})

test('the self-test reads the settings that were given', async () => {
  const installed = install()
  const executable = script('1.1.0', '[ "$2 $3" = "--set AUTH_PORT=1" ] || exit 1')
  expect((await installed.update(release({ executable }).folder)).version).toBe('1.1.0')
})

test('the same version changes nothing', async () => {
  const installed = install()
  expect(await installed.update(release({ version: '1.0.0' }).folder)).toEqual({ version: '1.0.0', previous: null })
  expect(readdirSync(installed.folder)).toEqual(['latchkey'])
})

describe('refused, with the old executable in place:', () => {
  test('a manifest that was changed', async () => {
    const { folder } = release()
    const path = join(folder, 'release.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace('1.1.0', '1.1.1'))
    await expectRefusal(install(), [folder], 'signature of release.json is not valid', EXIT.refused)
  })

  test('a signature of another key', async () => {
    const { folder } = release({ signedBy: parseSecretKey(minisignSecretKey()) })
    await expectRefusal(install(), [folder], 'signature of release.json is not valid', EXIT.refused)
  })

  test('a release without a signature', async () => {
    const { folder } = release()
    rmSync(join(folder, 'release.json.minisig'))
    const message = `${folder} has no release.json.minisig, so it is not signed; nothing was replaced`
    await expectRefusal(install(), [folder], message, EXIT.refused)
  })

  test('an executable that was changed, with or without its length', async () => {
    const { folder, path } = release()
    writeFileSync(path, script('1.1.0').replace('exit 0', 'exit 1'))
    await expectRefusal(install(), [folder], 'not what the signed manifest describes', EXIT.refused)
    writeFileSync(path, `${script('1.1.0')}\n`)
    await expectRefusal(install(), [folder], 'not what the signed manifest describes', EXIT.refused)
  })

  test('an older version, unless it is allowed', async () => {
    const { folder } = release({ version: '0.9.0' })
    await expectRefusal(install(), [folder], '--allow-downgrade', EXIT.refused)
    expect((await install().update(folder, { allowDowngrade: true })).version).toBe('0.9.0')
  })

  test('a pre-release of the installed version', async () => {
    await expectRefusal(install(), [release({ version: '1.0.0-beta.1' }).folder], 'is older than', EXIT.refused)
  })

  test('a release without this platform', async () => {
    await expectRefusal(install(), [release({ target: 'darwin-arm64' }).folder], 'for linux-x64', EXIT.notFound)
  })

  test('any release, without a public key', async () => {
    await expectRefusal(install(), [release().folder, { publicKey: undefined }], '--public-key', EXIT.usage)
  })

  test('any release, with what is no public key', async () => {
    await expectRefusal(install(), [release().folder, { publicKey: 'secret' }], 'not a public key of minisign')
  })

  test('a folder without a release', async () => {
    await expectRefusal(install(), [join(root, 'missing')], `there is no release in ${root}/missing`, EXIT.notFound)
  })

  test.each([
    ['crashes', '#!/bin/sh\nkill -SEGV $$\n', 'SIGSEGV'],
    ['reports another version', script('1.0.9'), 'does not report version 1.1.0'],
    ['fails its check', script('1.1.0', 'echo "error: AUTH_PORT is wrong"; exit 1'), 'AUTH_PORT is wrong'],
    ['is no program', 'not a program', 'nothing was replaced'],
  ])('an executable that %s', async (_, executable, message) => {
    await expectRefusal(install(), [release({ executable }).folder], message)
  })

  test('an executable that fails only in its place, which goes back', async () => {
    const executable = script('1.1.0', 'case "$0" in */latchkey) echo broken; exit 1;; esac')
    await expectRefusal(install(), [release({ executable }).folder], 'the old one is back')
  })

  test('an update while another one runs, which keeps its file', async () => {
    const installed = install()
    writeFileSync(`${installed.executable}.new`, 'of the other one')
    const failure = await installed.update(release().folder).catch((error: unknown) => error)
    expect((failure as Error).message).toContain('another update is running')
    expect(readFileSync(`${installed.executable}.new`, 'utf8')).toBe('of the other one')
    expect(readFileSync(installed.executable, 'utf8')).toBe(script('1.0.0'))
  })

  test('a name in the manifest that leaves the folder', async () => {
    const { folder } = release()
    const manifest = readFileSync(join(folder, 'release.json'), 'utf8').replace('latchkey-1.1.0', '../latchkey-1.1.0')
    writeFileSync(join(folder, 'release.json'), manifest)
    writeFileSync(join(folder, 'release.json.minisig'), signatureOf(Buffer.from(manifest), key, 'release'))
    await expectRefusal(install(), [folder], 'another form')
  })
})

describe('from a URL', () => {
  const serve = (folder: string, answer?: (name: string) => Response | undefined) =>
    Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch(request) {
        const name = new URL(request.url).pathname.split('/').at(-1) ?? ''
        const path = join(folder, name)
        return answer?.(name) ?? (existsSync(path) ? new Response(Bun.file(path)) : new Response('', { status: 404 }))
      },
    })

  test('a release is installed', async () => {
    await using server = serve(release().folder)
    expect((await install().update(`${server.url}releases/latest/`)).version).toBe('1.1.0')
  })

  test('an executable that is longer than its manifest says is not read to its end', async () => {
    await using server = serve(release().folder, (name) =>
      name.startsWith('latchkey') ? new Response('x'.repeat(100_000)) : undefined,
    )
    await expectRefusal(install(), [`${server.url}`], 'is larger than', EXIT.refused)
  })

  test('a place without a release is named', async () => {
    await using server = serve(join(root, 'missing'))
    await expectRefusal(install(), [`${server.url}`], `there is no release in ${server.url}`, EXIT.notFound)
  })

  test('an answer that is an error is reported', async () => {
    await using server = serve(root, () => new Response(null, { status: 500 }))
    await expectRefusal(install(), [`${server.url}`], 'release.json answered 500')
  })

  test('a server that is away is reported', async () => {
    const server = serve(root)
    const { url } = server
    await server.stop(true)
    await expectRefusal(install(), [`${url}`], 'connect')
  })
})

test('an executable of npm or of a Debian package is left to these', () => {
  const list = join(root, 'latchkey.list')
  mkdirSync(root, { recursive: true })
  writeFileSync(list, '/.\n/usr/bin/latchkey\n')
  expect(otherInstaller('/usr/bin/latchkey', list)).toContain('.deb')
  expect(otherInstaller('/srv/app/node_modules/latchkey-linux-x64/latchkey', list)).toContain('npm')
  expect(otherInstaller('/usr/local/bin/latchkey', list)).toBeUndefined()
  expect(otherInstaller('/usr/bin/latchkey', join(root, 'missing'))).toBeUndefined()
})
