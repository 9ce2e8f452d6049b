/** Free space on the disk of the database, and its size. */
import { stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Space } from '../engine'

export async function spaceOf(path: string, logBytes: number): Promise<Space> {
  try {
    const { bavail, bsize } = await statfs(dirname(path))
    return { freeBytes: bavail * bsize, logBytes }
  } catch {
    return { freeBytes: undefined, logBytes }
  }
}

/** The database file, without the write-ahead log. */
export async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch {
    return undefined
  }
}
