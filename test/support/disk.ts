/** Full and read-only disks, for the compiled executable. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeFolder } from './remove-folder'

const sh = (...command: string[]) => Bun.spawnSync(command, { stdout: 'ignore', stderr: 'ignore' }).exitCode === 0

/** Whether this user may mount file systems, which most containers forbid. */
export const mayMount = (() => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-mount-'))
  const isMounted = sh('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder)
  if (isMounted) sh('umount', folder)
  removeFolder(folder)
  return isMounted && sh('unshare', '--mount', 'true')
})()

export interface SmallDisk extends Disposable {
  path: string
  /** Fills the disk completely. */
  fill(): void
  /** Frees that space again. */
  free(): void
  /** @param options of mount, such as `ro` */
  remount(options: string): boolean
}

export function smallDisk(megabytes: number): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-disk-'))
  if (!sh('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path)) throw new Error('this cannot be mounted')
  const filler = join(path, 'filler')
  return {
    path,
    fill() {
      sh('dd', 'if=/dev/zero', `of=${filler}`, 'bs=4k')
    },
    free: () => rmSync(filler),
    remount: (options) => sh('mount', '-o', `remount,${options}`, path),
    [Symbol.dispose]() {
      sh('umount', '-l', path)
      removeFolder(path)
    },
  }
}

/** A script that runs an executable where only `writable` can be written: everything else is read-only, `/tmp` included. */
export function inReadOnlyRoot(executable: string, writable: string): string {
  const script = join(mkdtempSync(join(tmpdir(), 'latchkey-root-')), 'run')
  const steps = [
    'root=$(mktemp -d)',
    'mount --make-rprivate /',
    'mount --rbind / "$root"',
    'mount -o remount,bind,ro "$root"',
    `mount --bind '${writable}' "$root${writable}"`,
    `mount -o remount,bind,rw "$root${writable}"`,
    `exec chroot "$root" env -C '${writable}' '${executable}' "$@"`,
  ]
  writeFileSync(
    script,
    `#!/bin/sh\nexec unshare --mount sh -c '${steps.join(' && ').replaceAll("'", "'\\''")}' -- "$@"\n`,
  )
  chmodSync(script, 0o700)
  return script
}

/** A script that runs an executable for which the modes of files count, for root as well. */
export function withoutPrivileges(executable: string): string {
  if (process.getuid?.() !== 0) return executable
  const script = join(mkdtempSync(join(tmpdir(), 'latchkey-user-')), 'run')
  writeFileSync(script, `#!/bin/sh\nexec setpriv --bounding-set=-dac_override,-dac_read_search '${executable}' "$@"\n`)
  chmodSync(script, 0o700)
  return script
}
