/** How full the disk of the database is. */
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'

export interface Space {
  /** What this process may still write. */
  freeBytes: number
  /** Size of the write-ahead log. */
  logBytes: number
}

export async function spaceOf(path: string, logBytes: number): Promise<Space> {
  const { bavail, bsize } = await statfs(dirname(path))
  return { freeBytes: bavail * bsize, logBytes }
}
