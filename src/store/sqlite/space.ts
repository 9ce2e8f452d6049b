/** Free space on the disk of the database. */
import { statfs } from 'node:fs/promises'
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
