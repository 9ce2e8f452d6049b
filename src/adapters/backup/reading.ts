/** Opens the file of a backup, encrypted or not. */
import { type ArchiveReading, type Contents, Damaged, readArchive } from './archive'
import { type DecryptionKeys, decrypt, HEAD_BYTES, type Lock, lockOf } from './encryption'
import { readFile } from './files'

/** @throws if there is no such file */
export async function lockOfFile(path: string): Promise<Lock> {
  const file = Bun.file(path)
  if (!(await file.exists())) throw new Error(`there is no file ${path}`)
  return lockOf(new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer()))
}

/** @throws if it is damaged, truncated or encrypted with another key; what `write` received must be discarded then */
export const readBackup = (path: string, keys: DecryptionKeys, reading: ArchiveReading): Promise<Contents> =>
  naming(path, async () => readArchive(await plainOf(path, keys), reading))

async function plainOf(path: string, keys: DecryptionKeys): Promise<AsyncIterable<Uint8Array>> {
  return (await lockOfFile(path)) === 'none' ? readFile(path) : decrypt(readFile(path), keys)
}

async function naming<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof Damaged ? new Error(`${path} cannot be restored: ${error.message}`) : error
  }
}
