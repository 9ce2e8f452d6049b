import { afterAll, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import manifest from '../../package.json' with { type: 'json' }
import { buildDeb, debianVersion, hasDpkgDeb } from '../../scripts/release/deb'
import { writeNpmPackages } from '../../scripts/release/npm'
import { printSbom } from '../../scripts/release/sbom'
import { releaseFile, sumsOf } from '../../scripts/release/sums'
import { parseManifest } from '../../src/lib/release-manifest'
import { removeFolder } from '../support/remove-folder'

const root = join(import.meta.dir, '../..')
const folder = mkdtempSync(join(tmpdir(), 'latchkey-release-'))
afterAll(() => removeFolder(folder))

/** Stands in for the executable. */
const executable = join(folder, 'latchkey-1.2.3-linux-x64')
writeFileSync(executable, '#!/bin/sh\necho "started with $*"\nexit 7\n', { mode: 0o755 })

test('sha256sum accepts the sums, and finds a change', () => {
  writeFileSync(join(folder, 'one'), 'content')
  writeFileSync(join(folder, 'SHA256SUMS'), sumsOf(folder, ['one', 'latchkey-1.2.3-linux-x64']))
  const check = () => spawnSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: folder })
  expect(check().stdout.toString()).toBe('one: OK\nlatchkey-1.2.3-linux-x64: OK\n')
  writeFileSync(join(folder, 'one'), 'changed')
  expect(check().status).toBe(1)
})

test('a manifest with any other form is refused', () => {
  const file = releaseFile('linux-x64', executable)
  const valid = { version: '1.2.3', commit: 'abc', executables: [file] }
  expect(parseManifest(JSON.stringify(valid))).toEqual(valid)
  for (const wrong of [
    { ...valid, version: 1 },
    { ...valid, executables: {} },
    ...[
      { name: '../latchkey' },
      { name: '.bashrc' },
      { name: 'a/b' },
      { sha256: 'abc' },
      { bytes: -1 },
      { bytes: '1' },
    ].map((change) => ({ ...valid, executables: [{ ...file, ...change }] })),
  ])
    expect(() => parseManifest(JSON.stringify(wrong))).toThrow('another form')
})

test('the SBOM lists Bun and what the executable contains, with versions, licences and hashes, and no tool', () => {
  const bom = JSON.parse(printSbom(root, 1_700_000_000_000))
  expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 })
  expect(bom.metadata).toMatchObject({ timestamp: '2023-11-14T22:13:20.000Z', component: { name: 'latchkey' } })
  const names = bom.components.map(({ name }: { name: string }) => name)
  for (const name of ['bun', 'memoirist', ...Object.keys(manifest.dependencies)]) expect(names).toContain(name)
  for (const name of ['@biomejs/biome', 'knip', 'viem', '@supabase/supabase-js']) expect(names).not.toContain(name)
  for (const [name, version] of Object.entries(manifest.dependencies))
    expect(bom.components).toContainEqual(expect.objectContaining({ name, version }))
  const [, ...packages] = bom.components
  for (const each of packages) {
    expect(each.hashes[0].content).toMatch(/^[0-9a-f]{128}$/)
    expect([each.name, each.licenses?.[0].expression]).toEqual([each.name, expect.any(String)])
  }
  const refs = [bom.metadata.component, ...bom.components].map((each) => each['bom-ref'])
  expect(new Set(refs).size).toBe(refs.length)
  for (const { ref, dependsOn } of bom.dependencies) expect(refs).toEqual(expect.arrayContaining([ref, ...dependsOn]))
})

test.skipIf(!hasDpkgDeb())(
  'the Debian package has its files with their modes, and is the same when built again',
  () => {
    const build = (name: string) => {
      const outfile = join(folder, name)
      buildDeb({ executable, version: '1.2.3-beta.1', architecture: 'amd64', seconds: 1_700_000_000, outfile })
      return outfile
    }
    const deb = build('one.deb')
    const ask = (...args: string[]) =>
      spawnSync('dpkg-deb', args, { env: { ...process.env, TZ: 'UTC' } }).stdout.toString()
    const listed = ask('--contents', deb)
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/))
      .filter(([mode]) => mode?.startsWith('-'))
      .map(([mode, owner, , , , path]) => [path, mode, owner])
    expect(listed.sort()).toEqual([
      ['./etc/latchkey/latchkey.env', '-rw-r-----', 'root/root'],
      ['./usr/bin/latchkey', '-rwxr-xr-x', 'root/root'],
      ['./usr/lib/systemd/system/latchkey.service', '-rw-r--r--', 'root/root'],
      ['./usr/lib/sysusers.d/latchkey.conf', '-rw-r--r--', 'root/root'],
      ['./usr/share/doc/latchkey/copyright', '-rw-r--r--', 'root/root'],
    ])
    expect(ask('--field', deb, 'Package', 'Version', 'Architecture')).toBe(
      'Package: latchkey\nVersion: 1.2.3~beta.1\nArchitecture: amd64\n',
    )
    expect(ask('--info', deb, 'conffiles')).toBe('/etc/latchkey/latchkey.env\n')
    for (const name of ['postinst', 'prerm', 'postrm']) {
      const { status, stderr } = spawnSync('sh', ['-n'], { input: ask('--info', deb, name) })
      expect([name, status, stderr.toString()]).toEqual([name, 0, ''])
    }
    expect(readFileSync(build('two.deb')).equals(readFileSync(deb))).toBe(true)
  },
)

test('a version for Debian sorts pre-releases before the release', () => {
  expect([debianVersion('1.2.3'), debianVersion('1.2.3-rc.1')]).toEqual(['1.2.3', '1.2.3~rc.1'])
})

test('the packages for npm name their platform, and the main one starts the executable of this one', () => {
  const target = `${process.platform}-${process.arch}`
  const folders = writeNpmPackages({
    folder: join(folder, 'node_modules'),
    version: '1.2.3',
    license: 'MIT',
    executables: { 'windows-x64': executable, 'linux-arm64-musl': executable, [target]: executable },
  })
  const packages = folders.map((each) => JSON.parse(readFileSync(join(each, 'package.json'), 'utf8')))
  expect(packages[0]).toMatchObject({
    name: 'latchkey-windows-x64',
    os: ['win32'],
    cpu: ['x64'],
    files: ['latchkey.exe'],
  })
  expect(packages[1]).toMatchObject({
    name: 'latchkey-linux-arm64-musl',
    os: ['linux'],
    cpu: ['arm64'],
    libc: ['musl'],
  })
  expect(packages.at(-1)).toMatchObject({
    name: 'latchkey',
    bin: { latchkey: 'latchkey.mjs' },
    optionalDependencies: Object.fromEntries(packages.slice(0, -1).map(({ name }) => [name, '1.2.3'])),
  })
  const launcher = join(folders.at(-1) ?? '', 'latchkey.mjs')
  expect(statSync(launcher).mode & 0o111).toBe(0o111)
  const start = () => spawnSync('node', [launcher, 'version', '--json'])
  const { stdout, stderr, status } = start()
  expect([stdout.toString(), stderr.toString(), status]).toEqual(['started with version --json\n', '', 7])
  removeFolder(folders.at(-2) ?? '')
  const missing = start()
  expect([missing.stderr.toString(), missing.status]).toEqual([
    expect.stringContaining(`the package latchkey-${target} is not installed`),
    1,
  ])
})
