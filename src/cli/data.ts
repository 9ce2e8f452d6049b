/** Commands that work on existing data and create none. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { ensureSecrets, generateSecrets, openDataFolder, requireAccess, type Secrets } from '../adapters/data-folder'
import { systemClock, systemRandom } from '../adapters/system'
import { databaseTarget, shownDatabase } from '../compose/keys'
import { policyOf } from '../compose/policy'
import { sharedSecrets } from '../compose/shared-secrets'
import type { Settings } from '../config'
import { isOnPostgres } from '../config/postgres-checks'
import { server } from '../config/server'
import { accountEvents } from '../core/events/account-events'
import { openStore, type Store } from '../store'
import { historyOf, migrationsFor } from '../store/database'
import { version } from '../version'
import { commandWith } from './invocation'
import { optionOf } from './settings'

/** @returns the data folder @throws if no server was ever started on it, or this user may not read it */
function requireDataFolder({ server: { dataDir } }: Settings): string {
  const folder = resolve(dataDir)
  requireAccess(folder)
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
function dataFolderFor(command: Command, settings: Settings): string {
  const { dataDir } = settings.server
  requireAccess(resolve(dataDir))
  if (optionOf<boolean>(command, 'init')) return openDataFolder(dataDir)
  try {
    return requireDataFolder(settings)
  } catch (error) {
    throw new Error(
      `${(error as Error).message}. To make the keys of a server before its first start: ${commandWith('keys --init', dataDir)}`,
    )
  }
}

/** A store and its secrets. Both can be used while the server is running. */
export interface ServerData extends AsyncDisposable {
  store: Store
  secrets: Secrets
}

/** For key commands. @throws if there is no server and `--init` is not given, or the database has another version */
export async function openForKeys(command: Command, settings: Settings): Promise<ServerData> {
  if (isOnPostgres(settings))
    return openOnPostgres(
      settings,
      optionOf<boolean>(command, 'init') ? targetOf(settings) : await requireDatabase(settings),
    )
  const folder = dataFolderFor(command, settings)
  await requireSameVersion(targetOf(settings), settings)
  return openOnSqlite(settings, folder)
}

/** @throws if no server was ever started on the data, or the database has another version */
export async function openServerData(settings: Settings): Promise<ServerData> {
  const target = await requireDatabase(settings)
  return isOnPostgres(settings) ? openOnPostgres(settings, target) : openOnSqlite(settings, requireDataFolder(settings))
}

/** @throws if the database is missing or has another version */
export const openServerStore = async (settings: Settings): Promise<Store> =>
  openTarget(settings, await requireDatabase(settings))

/** Secrets for key commands; a SQLite database is not opened for them. @returns the folder too if they are new there */
export async function secretsFor(command: Command, settings: Settings): Promise<{ secrets: Secrets; newIn?: string }> {
  if (isOnPostgres(settings)) {
    await using data = await openForKeys(command, settings)
    return { secrets: data.secrets }
  }
  const folder = dataFolderFor(command, settings)
  const { secrets, isNew } = ensureSecrets(folder, { database: targetOf(settings), ...fresh() })
  return { secrets, ...(isNew && { newIn: folder }) }
}

async function openOnSqlite(settings: Settings, folder: string): Promise<ServerData> {
  const { secrets } = ensureSecrets(folder, { database: targetOf(settings), ...fresh() })
  const store = await openTarget(settings, targetOf(settings))
  return { store, secrets, [Symbol.asyncDispose]: () => store.close() }
}

async function openOnPostgres(settings: Settings, target: string): Promise<ServerData> {
  const store = await openTarget(settings, target)
  try {
    const secrets = await sharedSecrets(store, settings, generateSecrets(fresh()))
    return { store, secrets, [Symbol.asyncDispose]: () => store.close() }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** What generated secrets need. */
const fresh = () => ({ random: systemRandom.bytes, now: systemClock.now() })

const targetOf = (settings: Settings) => databaseTarget(settings, resolve(settings.server.dataDir))

const openTarget = (settings: Settings, target: string) =>
  openStore(target, systemClock.now(), {
    version,
    isolation: settings.database.isolation,
    maxConnections: 2,
    eventsOf: accountEvents({ policy: policyOf(settings), random: systemRandom, clock: systemClock }),
  })

/**
 * A database of the same version as this executable, for commands that can run while the server is running.
 * @returns its path or URL
 * @throws if it is missing or has another version
 */
async function requireDatabase(settings: Settings): Promise<string> {
  const target = targetOf(settings)
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
