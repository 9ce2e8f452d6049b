import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { migrations } from '../../migrations'
import { openDataFolder } from '../adapters/data-folder'
import { systemClock } from '../adapters/system'
import { databaseTarget } from '../compose/keys'
import { damageOf, historyOf, lockData, migrateDatabase } from '../store/database'
import { requireNotNewer } from './data'
import { exitOnError, requireSettings } from './settings'

/**
 * `latchkey migrate`: migrates the database and checks all of it; `--status` only reports its version. `serve` migrates
 * at start as well.
 */
export async function migrate(command: Command): Promise<void> {
  const { settings } = requireSettings(command)
  await exitOnError(async () => {
    if (command.opts().status) return printStatus(databaseTarget(settings, resolve(settings.server.dataDir)))
    const folder = openDataFolder(settings.server.dataDir)
    const path = databaseTarget(settings, folder)
    requireNotNewer(path)
    const isNew = !existsSync(path)
    lockData(folder, path)
    const applied = await migrateDatabase(path, systemClock.now())
    if (isNew) process.stderr.write(`latchkey: created a new database, ${path}\n`)
    const damage = damageOf(path)
    if (damage !== undefined) throw new Error(`${path}: ${damage}`)
    process.stdout.write(applied.length > 0 ? `applied ${applied.join(', ')}\n` : 'the database is up to date\n')
  })
}

/** Read-only. @throws if the database is newer than this executable */
function printStatus(path: string): void {
  const { migrations: applied } = historyOf(path)
  if (!existsSync(path)) process.stderr.write(`latchkey: there is no database at ${path}\n`)
  for (const { name } of migrations)
    process.stdout.write(`${applied.includes(name) ? 'applied' : 'pending'}  ${name}\n`)
  for (const name of applied.slice(migrations.length)) process.stdout.write(`unknown  ${name}\n`)
  requireNotNewer(path)
}
