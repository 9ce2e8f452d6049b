import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { migrations } from '../../migrations'
import { lockDataFolder, openDataFolder } from '../adapters/data-folder'
import { systemClock } from '../adapters/system'
import { databasePath } from '../app'
import { openMigrated } from '../store'
import { appliedMigrations } from '../store/migrate'
import { openDatabase } from '../store/sqlite'
import { orFail, requireSettings } from './settings'

/** `latchkey migrate`: brings the database up to date, or with `--status` says how far it is. `serve` does the same at start. */
export async function migrate(command: Command): Promise<void> {
  const { settings } = requireSettings(command)
  await orFail(() => {
    const folder = openDataFolder(settings.server.dataDir)
    const path = databasePath(settings, folder)
    if (command.opts().status) return printStatus(path)
    lockDataFolder(folder)
    const { database, applied } = openMigrated(path, systemClock.now())
    database.close()
    process.stdout.write(applied.length > 0 ? `applied ${applied.join(', ')}\n` : 'the database is up to date\n')
  })
}

function printStatus(path: string): void {
  const db = existsSync(path) ? openDatabase(path) : undefined
  const applied = new Set(db ? appliedMigrations(db).map(({ name }) => name) : [])
  db?.close()
  for (const { name } of migrations) process.stdout.write(`${applied.has(name) ? 'applied' : 'pending'}  ${name}\n`)
}
