/** The Debian package: the executable, its unit, its user, its settings file. */
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const packaging = join(import.meta.dir, '../../packaging')

/** By platform, Debian's name of the architecture. */
export const DEB_ARCHITECTURES: Record<string, string> = { 'linux-x64': 'amd64', 'linux-arm64': 'arm64' }

export const hasDpkgDeb = (): boolean => Bun.which('dpkg-deb') !== null

interface Package {
  /** Path of the executable. */
  executable: string
  version: string
  architecture: string
  /** Time of all files, in Unix seconds, so that two builds are the same. */
  seconds: number
  outfile: string
}

/** Files below `packaging/`, where they go, and their modes. The package owns each as root. */
const FILES: [string, string, number][] = [
  ['latchkey.service', 'usr/lib/systemd/system/latchkey.service', 0o644],
  ['sysusers.conf', 'usr/lib/sysusers.d/latchkey.conf', 0o644],
  ['latchkey.env', 'etc/latchkey/latchkey.env', 0o640],
  ['debian/copyright', 'usr/share/doc/latchkey/copyright', 0o644],
  ['debian/conffiles', 'DEBIAN/conffiles', 0o644],
  ['debian/postinst', 'DEBIAN/postinst', 0o755],
  ['debian/prerm', 'DEBIAN/prerm', 0o755],
  ['debian/postrm', 'DEBIAN/postrm', 0o755],
]

export function buildDeb({ executable, version, architecture, seconds, outfile }: Package): void {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-deb-'))
  const put = (from: string, to: string, mode: number) => {
    const path = join(folder, to)
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
    copyFileSync(from, path)
    chmodSync(path, mode)
  }
  try {
    chmodSync(folder, 0o755)
    for (const [from, to, mode] of FILES) put(join(packaging, from), to, mode)
    put(executable, 'usr/bin/latchkey', 0o755)
    chmodSync(join(folder, 'etc/latchkey'), 0o750)
    const control = readFileSync(join(packaging, 'debian/control'), 'utf8')
      .replace('@VERSION@', debianVersion(version))
      .replace('@ARCHITECTURE@', architecture)
      .replace('@KIB@', String(Math.ceil(statSync(executable).size / 1024)))
    writeFileSync(join(folder, 'DEBIAN/control'), control, { mode: 0o644 })
    const { status, stderr } = spawnSync(
      'dpkg-deb',
      ['--root-owner-group', '-Zxz', '-z2', '--build', folder, outfile],
      {
        env: { ...process.env, SOURCE_DATE_EPOCH: String(seconds) },
      },
    )
    if (status !== 0) throw new Error(`dpkg-deb failed: ${stderr}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** In Debian, `1.0.0~beta.1` is older than `1.0.0`. */
export const debianVersion = (version: string): string => version.replace('-', '~')
