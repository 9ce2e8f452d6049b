/** One backup of the schedule: made, verified, stored, read back. Only then are older ones deleted. */
import { join } from 'node:path'
import { type Destination, nameOf } from '../adapters/backup/destinations'
import { withTrialKey } from '../adapters/backup/encryption'
import { measure, removeScratch, withScratch } from '../adapters/backup/files'
import { type BackupPlace, makeBackup, verifyBackup } from './backup'
import { encryptionOf, scratchFolder } from './backup-settings'

export interface BackupNow extends BackupPlace {
  destination: Destination
  /** Unix milliseconds. */
  now: number
}

export interface VerifiedBackup {
  name: string
  bytes: number
  /** Names of those that were deleted. */
  removed: string[]
  /** The account that was signed in to in a copy; undefined if there is none, or on Postgres. */
  userId: string | undefined
}

/** @throws if it could not be made, verified or stored; nothing was deleted then */
export async function backUpNow({ destination, now, ...place }: BackupNow): Promise<VerifiedBackup> {
  const { settings, database } = place
  const chosen = encryptionOf(settings)
  const { encryption, keys } = chosen ? await withTrialKey(chosen) : { encryption: undefined, keys: {} }
  const parent = scratchFolder(settings, database)
  removeScratch(parent, now)
  const name = nameOf(now)
  const { size, sha256, userId } = await withScratch(parent, async (scratch) => {
    const path = join(scratch, 'new.backup')
    const made = await makeBackup({ ...place, path, scratch, encryption, now })
    const { trial } = await verifyBackup({ settings, path, keys, scratch })
    await destination.put(path, name)
    return { ...made, userId: trial?.userId }
  })
  const stored = await measure(destination.read(name))
  if (stored.sha256 !== sha256) {
    await destination.remove(name)
    throw new Error(
      `${name} was read back from ${destination.shown} with other content than was written; it was deleted`,
    )
  }
  const old = (await destination.list()).slice(settings.backup.keep)
  for (const each of old) await destination.remove(each.name)
  return { name, bytes: size, removed: old.map((each) => each.name), userId }
}
