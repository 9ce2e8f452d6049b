/** How full the disk of the database is. */
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'

export interface Space {
  /** What this process may still write; undefined where the folder is gone. */
  freeBytes: number | undefined
  /** Size of the write-ahead log. */
  logBytes: number
}

export async function spaceOf(path: string, logBytes: number): Promise<Space> {
  try {
    const { bavail, bsize } = await statfs(dirname(path))
    return { freeBytes: bavail * bsize, logBytes }
  } catch {
    return { freeBytes: undefined, logBytes }
  }
}
