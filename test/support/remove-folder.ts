import { existsSync, rmSync } from 'node:fs'

/** What another process did to a file at that moment: it was removed, or came after its folder had been read. */
const CHANGED = ['ENOENT', 'ENOTEMPTY']

/**
 * Removes a file or folder with all that is in it. A process may still be writing there: a scheduled backup, for example,
 * outlives a server that is killed. Bun's `rmSync` stops at the first entry that is gone before it gets there.
 */
export function removeFolder(path: string): void {
  while (existsSync(path)) {
    try {
      rmSync(path, { recursive: true, force: true })
    } catch (error) {
      if (!CHANGED.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
}
