/** Commands that work on existing data and create none. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { openDataFolder } from '../adapters/data-folder'
import { databaseTarget, shownDatabase } from '../compose/keys'
import type { Settings } from '../config'
import { server } from '../config/server'
import { historyOf, migrationsFor } from '../store/database'
import { version } from '../version'
import { commandWith } from './invocation'
import { optionOf } from './settings'

/** @returns the data folder @throws if no server was ever started on it */
export function requireDataFolder({ server: { dataDir } }: Settings): string {
  const folder = resolve(dataDir)
  if (existsSync(join(folder, 'secrets.json'))) return folder
  const place = dataDir === server.dataDir.default ? 'in the folder where the server runs, or ' : ''
  throw new Error(
    `no server data found in ${folder}${existsSync(folder) ? ' (it contains no secrets.json)' : ''}; run this ${place}with the data folder of the server: --data-dir <folder>`,
  )
}

/**
 * The data folder for key commands, which `--init` allows to create a new server.
 * @throws if there is none and `--init` is not given
 */
export function dataFolderFor(command: Command, settings: Settings): string {
  const { dataDir } = settings.server
  if (optionOf<boolean>(command, 'init')) return openDataFolder(dataDir)
  try {
    return requireDataFolder(settings)
  } catch (error) {
    throw new Error(
      `${(error as Error).message}. To make the keys of a server before its first start: ${commandWith('keys --init', dataDir)}`,
    )
  }
}

/**
 * A database of the same version as this executable, for commands that can run while the server is running.
 * @returns its path or URL
 * @throws if it is missing or has another version
 */
export async function requireDatabase(settings: Settings): Promise<string> {
  const target = databaseTarget(settings, resolve(settings.server.dataDir))
  if (!(await historyOf(target)).exists) {
    // A missing folder is the better explanation.
    if (settings.database.url === undefined) requireDataFolder(settings)
    throw new Error(
      `no database found at ${shownDatabase(target)}: no server has been started with it yet. Start it once, or name the database with AUTH_DATABASE_URL or its folder with --data-dir <folder>`,
    )
  }
  await requireSameVersion(target, settings)
  return target
}

/** @throws if an existing database has another version than this executable */
export async function requireSameVersion(target: string, settings: Settings): Promise<void> {
  await requireNotNewer(target)
  const { exists, migrations: names } = await historyOf(target)
  const known = migrationsFor(target)
  if (exists && names.length < known.length)
    throw new Error(
      `${shownDatabase(target)}: the database is older than this executable (latchkey ${version}): it has ${names.length} of ${known.length} migrations. Use the executable that the server runs, or stop the server and bring the database up to date: ${commandWith('migrate', settings.server.dataDir)}`,
    )
}

/** @throws if a newer executable has migrated the database */
export async function requireNotNewer(target: string): Promise<void> {
  const { migrations: names, lastOpenedBy } = await historyOf(target)
  if (names.length <= migrationsFor(target).length) return
  const opened =
    lastOpenedBy === undefined || lastOpenedBy === version ? '' : ` and was last served by latchkey ${lastOpenedBy}`
  throw new Error(
    `${shownDatabase(target)}: the database is newer than this executable (latchkey ${version}): it has migration ${names.at(-1)}, which is unknown here${opened}. Use the newer executable, or restore a backup from before the upgrade`,
  )
}
