import { resolve } from 'node:path'
import type { Command } from 'commander'
import { openDataFolder } from '../adapters/data-folder'
import { systemClock } from '../adapters/system'
import { databaseTarget, shownDatabase } from '../compose/keys'
import { isOnPostgres } from '../config/postgres-checks'
import { damageOf, historyOf, lockData, migrateDatabase, migrationsFor, pendingScript } from '../store/database'
import { version } from '../version'
import { requireNotNewer } from './data'
import { exitOnError } from './exit-status'
import { print } from './output'
import { optionOf, requireSettings } from './settings'

/**
 * `latchkey migrate`: migrates the database and checks all of it; `--status` only reports its version, `--dry-run` prints
 * the SQL. `serve` migrates at start as well.
 */
export async function migrate(command: Command): Promise<void> {
  const { settings } = requireSettings(command)
  const options = { now: systemClock.now(), version }
  const target = databaseTarget(settings, resolve(settings.server.dataDir))
  await exitOnError(async () => {
    if (optionOf(command, 'status')) return printStatus(command, target)
    await requireNotNewer(target)
    if (optionOf(command, 'dryRun'))
      return void process.stdout.write(`${(await pendingScript(target, options)) || UP_TO_DATE}\n`)
    const { exists } = await historyOf(target)
    if (!isOnPostgres(settings)) lockData(openDataFolder(settings.server.dataDir), target)
    const { applied, warnings } = await migrateDatabase(target, options)
    if (!exists && !isOnPostgres(settings)) process.stderr.write(`latchkey: created a new database, ${target}\n`)
    for (const warning of warnings) process.stderr.write(`latchkey: warning: ${warning}\n`)
    const damage = await damageOf(target)
    if (damage !== undefined) throw new Error(damage)
    print(command, { applied }, () =>
      applied.length > 0 ? `applied ${applied.join(', ')}` : 'the database is up to date',
    )
  })
}

/** As a comment of SQL. */
const UP_TO_DATE = '-- the database is up to date'

/** Read-only. @throws if the database is newer than this executable */
async function printStatus(command: Command, target: string): Promise<void> {
  const { exists, migrations: applied } = await historyOf(target)
  if (!exists) process.stderr.write(`latchkey: there is no database at ${shownDatabase(target)}\n`)
  const known = migrationsFor(target)
  const listed = [
    ...known.map((name) => ({ name, state: applied.includes(name) ? 'applied' : 'pending' })),
    ...applied.slice(known.length).map((name) => ({ name, state: 'unknown' })),
  ]
  print(command, { exists, migrations: listed }, () => listed.map(({ name, state }) => `${state}  ${name}`).join('\n'))
  await requireNotNewer(target)
}
