/**
 * The packages for npm, so that `npx latchkey` runs the executable: one that starts it, and one with the executable for
 * each platform, of which npm installs the one that fits.
 */
import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const packaging = join(import.meta.dir, '../../packaging/npm')

interface NpmPackages {
  folder: string
  version: string
  license: string
  /** By platform, the path of the executable. */
  executables: Record<string, string>
}

/** @returns the folders, the one of `latchkey` last: the order in which they are published */
export function writeNpmPackages({ folder, version, license, executables }: NpmPackages): string[] {
  rmSync(folder, { recursive: true, force: true })
  const common = { version, license, description: 'Supabase Auth in one file' }
  const platforms = Object.entries(executables).map(([target, executable]) => {
    const [os = '', cpu, libc] = target.split('-')
    const name = `latchkey-${target}`
    const file = os === 'windows' ? 'latchkey.exe' : 'latchkey'
    const own = join(folder, name)
    mkdirSync(own, { recursive: true })
    copyFileSync(executable, join(own, file))
    chmodSync(join(own, file), 0o755)
    writeJson(own, {
      name,
      ...common,
      os: [os === 'windows' ? 'win32' : os],
      cpu: [cpu],
      ...(os === 'linux' && { libc: [libc ?? 'glibc'] }),
      files: [file],
      preferUnplugged: true,
    })
    return own
  })
  const main = join(folder, 'latchkey')
  mkdirSync(main, { recursive: true })
  copyFileSync(join(packaging, 'latchkey.mjs'), join(main, 'latchkey.mjs'))
  chmodSync(join(main, 'latchkey.mjs'), 0o755)
  copyFileSync(join(packaging, 'README.md'), join(main, 'README.md'))
  writeJson(main, {
    name: 'latchkey',
    ...common,
    type: 'module',
    bin: { latchkey: 'latchkey.mjs' },
    files: ['latchkey.mjs'],
    engines: { node: '>=20' },
    optionalDependencies: Object.fromEntries(Object.keys(executables).map((target) => [`latchkey-${target}`, version])),
  })
  return [...platforms, main]
}

const writeJson = (folder: string, value: unknown) =>
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(value, null, 2)}\n`)
