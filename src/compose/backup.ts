/** Backups: one file with the database and the secrets, made beside a running server (docs/backup.md). */
import { join } from 'node:path'
import {
  type Contents,
  DATABASES,
  type Kind,
  type Manifest,
  type Part,
  SECRETS,
  textPart,
  writeArchive,
} from '../adapters/backup/archive'
import { type DecryptionKeys, type Encryption, encrypt } from '../adapters/backup/encryption'
import {
  measure,
  putInPlace,
  readFile,
  requireEmptyFolder,
  type Written,
  withScratch,
  writeDurably,
  writeNew,
} from '../adapters/backup/files'
import { readBackup } from '../adapters/backup/reading'
import { parseSecrets, putSecrets, type Secrets, secretsText, storedSecrets } from '../adapters/data-folder'
import { systemRandom } from '../adapters/system'
import { areas, type Settings } from '../config'
import { isPostgresUrl } from '../lib/postgres-url'
import {
  checkDump,
  copyDatabase,
  damageOfFile,
  dumpDatabase,
  historyOf,
  migrationsFor,
  requireEmptyDatabase,
  restoreDump,
} from '../store/database'
import { version } from '../version'
import { type Trial, tryRestored } from './backup-trial'

/** What is backed up, or where it is restored. */
export interface BackupPlace {
  settings: Settings
  /** Path of a file, or URL. */
  database: string
  /** The data folder. */
  folder: string
}

export interface BackupOptions extends BackupPlace {
  /** The file to write. */
  path: string
  /** Existing folder for the copy of the database. */
  scratch: string
  /** Undefined to write the secrets as they are. */
  encryption: Encryption | undefined
  /** Unix milliseconds. */
  now: number
}

export type Made = Written & { settingsNeeded: string[] }

/** @throws if the database cannot be read, its secrets are missing, or the file cannot be written */
export async function makeBackup(options: BackupOptions): Promise<Made> {
  const { settings, database, folder, path, scratch, encryption, now } = options
  const engine: Kind = isPostgresUrl(database) ? 'postgres' : 'sqlite'
  const secrets = engine === 'sqlite' ? requireSecrets(folder, database) : undefined
  return withScratch(scratch, async (place) => {
    const copy = join(place, DATABASES[engine])
    const { migrations } = engine === 'sqlite' ? await copyFile(database, copy) : await dump(database, copy)
    const parts = [
      ...(secrets ? [textPart(SECRETS, secretsText(secrets))] : []),
      await filePart(DATABASES[engine], copy),
    ]
    const settingsNeeded = secretSettingsOf(settings)
    const created = new Date(now).toISOString()
    const facts = { created, latchkey: version, engine, migrations, settings_needed: settingsNeeded }
    const archive = writeArchive(facts, parts)
    const written = await writeDurably(path, encryption ? await encrypt(archive, encryption) : archive)
    return { ...written, settingsNeeded }
  })
}

async function copyFile(database: string, copy: string) {
  copyDatabase(database, copy)
  return historyOf(copy)
}

async function dump(database: string, copy: string) {
  await dumpDatabase(database, copy)
  return historyOf(database)
}

const filePart = async (name: string, path: string): Promise<Part> => ({
  name,
  ...(await measure(readFile(path))),
  read: () => readFile(path),
})

function requireSecrets(folder: string, database: string): Secrets {
  const secrets = storedSecrets(folder, database)
  if (!secrets)
    throw new Error(`${folder} has no secrets.json; name the data folder of the server: --data-dir <folder>`)
  return secrets
}

/** Secrets of the settings that take the place of stored ones. They are not in the file. */
const secretSettingsOf = ({ tokens }: Settings): string[] =>
  Object.entries(areas.tokens)
    .filter(([key, { secret }]) => secret === true && tokens[key as keyof typeof tokens] !== undefined)
    .map(([, { names }]) => names[0])

export interface RestoreOptions extends Omit<BackupPlace, 'settings'> {
  path: string
  keys: DecryptionKeys
}

/**
 * Restores into an empty data folder, whose lock the caller holds, or into a database without accounts.
 * @throws if the file or the target cannot be used; the target is then as it was
 */
export async function restoreBackup({ path, keys, database, folder }: RestoreOptions): Promise<Manifest> {
  if (isPostgresUrl(database)) {
    await requireEmptyDatabase(database)
    return withScratch(folder, async (scratch) => {
      const copy = join(scratch, DATABASES.postgres)
      const { manifest } = await extract(path, { keys, copy, engine: 'postgres' })
      await checkDump(copy)
      await restoreDump(database, copy)
      return manifest
    })
  }
  requireEmptyFolder(folder, database)
  return withScratch(join(database, '..'), async (scratch) => {
    const copy = join(scratch, DATABASES.sqlite)
    const contents = await extract(path, { keys, copy, engine: 'sqlite' })
    await requireSound(path, copy)
    const secrets = secretsOf(contents, path)
    // A server does not start on a database without its secrets, but would make a new database for secrets without one.
    putInPlace(copy, database)
    putSecrets(folder, secrets, systemRandom.bytes(6).toString('hex'))
    return contents.manifest
  })
}

export interface Verified {
  manifest: Manifest
  /** Undefined for Postgres, where there is no scratch database. */
  trial: Trial | undefined
}

/**
 * Restores into a scratch folder, checks everything, and signs in to it.
 * @param scratch an existing folder
 * @throws if the file cannot be restored
 */
export async function verifyBackup({
  settings,
  path,
  keys,
  scratch,
}: {
  settings: Settings
  path: string
  keys: DecryptionKeys
  scratch: string
}): Promise<Verified> {
  return withScratch(scratch, async (place) => {
    const copy = join(place, 'copy')
    const contents = await extract(path, { keys, copy })
    const { manifest } = contents
    if (manifest.engine === 'postgres') {
      await checkDump(copy)
      return { manifest, trial: undefined }
    }
    await requireSound(path, copy)
    return { manifest, trial: await tryRestored({ settings, database: copy, secrets: secretsOf(contents, path) }) }
  })
}

interface Extraction {
  keys: DecryptionKeys
  /** Where the database is written. */
  copy: string
  /** Of the target; undefined for any. */
  engine?: Kind
}

async function extract(path: string, { keys, copy, engine }: Extraction): Promise<Contents> {
  let contents: Contents | undefined
  const check = (manifest: Manifest) => requireUsable(path, manifest, engine)
  await writeNew(copy, async (write) => {
    contents = await readBackup(path, keys, { check, write })
  })
  return contents as unknown as Contents
}

/** @throws if this executable cannot restore it there */
function requireUsable(path: string, { engine, migrations, latchkey }: Manifest, target: Kind | undefined): void {
  if (target !== undefined && engine !== target)
    throw new Error(
      engine === 'sqlite'
        ? `${path} is a backup of SQLite; restore it into a data folder, without AUTH_DATABASE_URL, and then use latchkey move`
        : `${path} is a backup of Postgres; name an empty database of Postgres with AUTH_DATABASE_URL`,
    )
  const known = migrationsFor(engine === 'postgres' ? 'postgres:' : '')
  const unknown = migrations.find((name, index) => known[index] !== name)
  if (unknown !== undefined)
    throw new Error(
      `${path} is from a newer executable (latchkey ${latchkey}): its database has migration ${unknown}, which is unknown here (latchkey ${version}); use that executable`,
    )
}

/** @throws if the restored file is damaged */
async function requireSound(path: string, copy: string): Promise<void> {
  const damage = damageOfFile(copy, 'integrity_check')
  if (damage !== undefined) throw new Error(`${path} has a damaged database: ${damage}`)
}

const secretsOf = ({ secrets }: Contents, path: string): Secrets => parseSecrets(secrets ?? '', `${SECRETS} of ${path}`)
