/** Commands that work on existing data and create none. */
import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { migrations } from '../../migrations'
import { openDataFolder } from '../adapters/data-folder'
import { databaseTarget } from '../compose/keys'
import type { Settings } from '../config'
import { server } from '../config/server'
import { historyOf } from '../store/database'
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
 * @returns its path
 * @throws if it is missing or has another version
 */
export function requireDatabase(settings: Settings): string {
  const path = databaseTarget(settings, resolve(settings.server.dataDir))
  if (!existsSync(path) || !statSync(path).isFile()) {
    // A missing folder is the better explanation.
    if (settings.database.url === undefined) requireDataFolder(settings)
    throw new Error(
      `no database found at ${path}: no server has been started with it yet. Start it once, or name the database with AUTH_DATABASE_URL or its folder with --data-dir <folder>`,
    )
  }
  requireSameVersion(path, settings)
  return path
}

/** @throws if an existing database has another version than this executable */
export function requireSameVersion(path: string, settings: Settings): void {
  requireNotNewer(path)
  const { migrations: names } = historyOf(path)
  if (existsSync(path) && names.length < migrations.length)
    throw new Error(
      `${path}: the database is older than this executable (latchkey ${version}): it has ${names.length} of ${migrations.length} migrations. Use the executable that the server runs, or stop the server and bring the database up to date: ${commandWith('migrate', settings.server.dataDir)}`,
    )
}

/** @throws if a newer executable has migrated the database */
export function requireNotNewer(path: string): void {
  const { migrations: names, lastOpenedBy } = historyOf(path)
  if (names.length <= migrations.length) return
  const opened =
    lastOpenedBy === undefined || lastOpenedBy === version ? '' : ` and was last served by latchkey ${lastOpenedBy}`
  throw new Error(
    `${path}: the database is newer than this executable (latchkey ${version}): it has migration ${names.at(-1)}, which is unknown here${opened}. Use the newer executable, or restore a backup from before the upgrade`,
  )
}
