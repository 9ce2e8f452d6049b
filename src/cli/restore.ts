import { existsSync, rmSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import { openDataFolder } from '../adapters/data-folder'
import { restoreBackup } from '../compose/backup'
import { databaseTarget, shownDatabase } from '../compose/keys'
import { isOnPostgres } from '../config/postgres-checks'
import { lockData } from '../store/database'
import { decryptionKeysFor } from './backup-keys'
import { exitOnError } from './exit-status'
import { commandWith } from './invocation'
import { print } from './output'
import { requireSettings } from './settings'

/** `latchkey restore <file>`: into an empty data folder, or a database of Postgres without accounts. */
export async function restore(command: Command): Promise<void> {
  const { settings } = requireSettings(command)
  const path = resolve(command.args[0] ?? '')
  const folder = resolve(settings.server.dataDir)
  const database = databaseTarget(settings, folder)
  const manifest = await exitOnError(async () => {
    const keys = await decryptionKeysFor(command, settings, path)
    if (isOnPostgres(settings)) return restoreBackup({ path, keys, database, folder: dirname(path) })
    return inNewFolder(folder, () => {
      lockData(folder, database)
      return restoreBackup({ path, keys, database, folder })
    })
  })
  const { created, migrations, settings_needed: needed } = manifest
  print(command, { database: shownDatabase(database), created, migrations, settings_needed: needed }, () =>
    [
      `restored the backup of ${created} to ${shownDatabase(database)}`,
      `Start the server: ${commandWith('serve', settings.server.dataDir)}`,
    ].join('\n'),
  )
  if (needed.length > 0)
    process.stderr.write(`latchkey: the server needs the settings it had then: ${needed.join(', ')}\n`)
}

/** Creates the folder if it is missing, and then removes it after a failure. */
async function inNewFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const isNew = !existsSync(folder)
  openDataFolder(folder)
  try {
    return await work()
  } catch (error) {
    if (isNew) rmSync(folder, { recursive: true, force: true })
    throw error
  }
}
