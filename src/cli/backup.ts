import { existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import { requireAccess } from '../adapters/data-folder'
import { systemClock } from '../adapters/system'
import { type BackupPlace, makeBackup, verifyBackup } from '../compose/backup'
import { backUpNow } from '../compose/backup-now'
import { destinationOf, scratchFolder } from '../compose/backup-settings'
import { databaseTarget, shownDatabase } from '../compose/keys'
import type { Settings } from '../config'
import { isOnPostgres } from '../config/postgres-checks'
import { historyOf } from '../store/database'
import { decryptionKeysFor, encryptionFor } from './backup-keys'
import { requireNotNewer } from './data'
import { exitOnError, fail } from './exit-status'
import { print, table, time } from './output'
import { requireSettings } from './settings'

/** `latchkey backup <file>`: works beside a running server. */
export async function backup(command: Command): Promise<void> {
  const { settings } = requireSettings(command)
  const path = resolve(command.args[0] ?? '')
  requireNewFile(path)
  const encryption = await exitOnError(() => encryptionFor(command, settings))
  const started = performance.now()
  const made = await exitOnError(async () => {
    const place = await placeOf(settings)
    const scratch = scratchFolder(settings, place.database)
    return makeBackup({ ...place, path, scratch, encryption, now: systemClock.now() })
  })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const isEncrypted = encryption !== undefined
  const result = {
    path,
    bytes: made.size,
    sha256: made.sha256,
    encrypted: isEncrypted,
    settings_needed: made.settingsNeeded,
  }
  print(command, result, () => `backed up to ${path} (${megabytes(made.size)}) in ${seconds} s`)
  for (const line of advice(settings, isEncrypted, made.settingsNeeded)) process.stderr.write(`latchkey: ${line}\n`)
}

function requireNewFile(path: string): void {
  if (existsSync(path)) fail(`${path} exists; a backup replaces no file`)
  const folder = dirname(path)
  if (!existsSync(folder) || !statSync(folder).isDirectory()) fail(`there is no folder ${folder}`)
}

/** @throws if no server was ever started on the data, or a newer one */
async function placeOf(settings: Settings): Promise<BackupPlace> {
  const folder = resolve(settings.server.dataDir)
  const database = databaseTarget(settings, folder)
  if (!isOnPostgres(settings)) requireAccess(folder)
  if (!(await historyOf(database)).exists)
    throw new Error(
      `there is no database at ${shownDatabase(database)}; name the data folder of the server: --data-dir <folder>`,
    )
  await requireNotNewer(database)
  return { settings, database, folder }
}

function* advice(settings: Settings, isEncrypted: boolean, settingsNeeded: readonly string[]): Generator<string> {
  if (!isEncrypted && !isOnPostgres(settings))
    yield 'the file contains the secrets of this server: it lets its reader sign in as anyone. Encrypt backups with --passphrase-file or --recipient, or keep them as safe as the server'
  if (settingsNeeded.length > 0)
    yield `not in the file, and needed to use it: ${settingsNeeded.join(', ')}. Keep a copy of these settings`
}

/** `latchkey backup verify <file>` */
export async function verify(command: Command): Promise<void> {
  const { settings } = requireSettings(command)
  const path = resolve(command.args[0] ?? '')
  const { manifest, trial } = await exitOnError(async () =>
    verifyBackup({ settings, path, keys: await decryptionKeysFor(command, settings, path), scratch: dirname(path) }),
  )
  const { created, engine, latchkey } = manifest
  const result = {
    path,
    created,
    engine,
    latchkey,
    user_id: trial?.userId ?? null,
    opened_secrets: trial?.openedSecrets ?? null,
  }
  const made = `the backup of ${created} is complete`
  print(command, result, () =>
    trial === undefined
      ? `${made}, and pg_restore can read it`
      : trial.userId === undefined
        ? `${made}; it has no account to sign in to`
        : `${made}: its database is intact, and an account was signed in to in a copy of it`,
  )
}

const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(1)} MB`

const NO_DESTINATION =
  'no place for backups is set; set AUTH_BACKUP_FOLDER or AUTH_BACKUP_S3_BUCKET, or name a file: latchkey backup <file>'

/** `latchkey backup now`: what the server does on its schedule. */
export async function backupNow(command: Command): Promise<void> {
  const { settings } = requireSettings(command)
  const destination = destinationOf(settings) ?? fail(NO_DESTINATION)
  const made = await exitOnError(async () =>
    backUpNow({ ...(await placeOf(settings)), destination, now: systemClock.now() }),
  )
  const { name, bytes, removed, userId } = made
  print(command, { destination: destination.shown, name, bytes, removed, user_id: userId ?? null }, () =>
    [
      `${name} (${megabytes(bytes)}) is in ${destination.shown}, and was verified`,
      ...removed.map((old) => `removed ${old}`),
    ].join('\n'),
  )
}

/** `latchkey backup list` */
export async function listBackups(command: Command): Promise<void> {
  const { settings } = requireSettings(command)
  const destination = destinationOf(settings) ?? fail(NO_DESTINATION)
  const stored = await exitOnError(() => destination.list())
  print(
    command,
    stored.map(({ name, size, createdAt }) => ({ name, bytes: size, created: new Date(createdAt).toISOString() })),
    () =>
      table(
        ['NAME', 'CREATED', 'SIZE'],
        stored.map(({ name, size, createdAt }) => [name, time(createdAt), megabytes(size)]),
        `No backups in ${destination.shown}.`,
      ),
  )
}
