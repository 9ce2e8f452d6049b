/** Free space on the disk of the database. */
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'

export interface Space {
  /** Free bytes available to this process; undefined if the folder is gone. */
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
