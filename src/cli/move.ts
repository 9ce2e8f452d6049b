import { existsSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { openDataFolder, type Secrets } from '../adapters/data-folder'
import { systemClock } from '../adapters/system'
import { databaseTarget, shownDatabase } from '../compose/keys'
import { type Moved, moveDatabase, type Place } from '../compose/move'
import type { Settings } from '../config'
import { isPostgresUrl } from '../lib/postgres-url'
import { historyOf, lockData } from '../store/database'
import type { Progress } from '../store/move'
import { requireSameVersion } from './data'
import { EXIT, exitOnError, fail } from './exit-status'
import { commandWith } from './invocation'
import { print } from './output'
import { requireSettings } from './settings'

const REDRAW_EVERY_MS = 100
const PROGRESS_EVERY_MS = 2000

interface Options {
  from?: string
  to?: string
  dryRun?: boolean
  showSecrets?: boolean
}

/** `latchkey move`: copies everything from SQLite to Postgres or back. The source stays as it is. */
export async function move(command: Command): Promise<void> {
  const { from: given, to: target, dryRun: isDry = false, showSecrets = false } = command.opts<Options>()
  if (given === undefined && target === undefined)
    fail('name the other database with --from or --to; the one that is not named is that of the settings', EXIT.usage)
  const { settings } = requireSettings(command)
  const [from, to] = [placeOf(given, settings), placeOf(target, settings)]
  const started = performance.now()
  const moved = await exitOnError(async () => {
    await prepare(from, to, { settings, isDry })
    return moveDatabase({ settings, from, to, now: systemClock.now(), isDry, onProgress: progressLines() })
  })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const ways = `from ${shownDatabase(from.database)} to ${shownDatabase(to.database)}`
  const result = { dry_run: isDry, rows: Object.fromEntries(moved.rows) }
  print(command, result, () => {
    const summary = isDry ? `would move ${total(moved)} ${ways}\n` : `moved ${total(moved)} ${ways} in ${seconds} s\n`
    const next = !isDry || showSecrets ? nextSteps({ from, to, settings, showSecrets }, moved.secrets) : ''
    return rowLines(moved) + summary + next
  })
}

/** @param given a URL, a file, or a data folder; by default the database of the settings */
function placeOf(given: string | undefined, settings: Settings): Place {
  const dataDir = resolve(settings.server.dataDir)
  const own = databaseTarget(settings, dataDir)
  if (given === undefined) return { database: own, folder: dataDir }
  if (isPostgresUrl(given)) return { database: given, folder: dataDir }
  const path = resolve(given)
  if (path === own || (path === dataDir && !isPostgresUrl(own))) return { database: own, folder: dataDir }
  const isFolder = existsSync(path) ? statSync(path).isDirectory() : !path.endsWith('.db')
  return isFolder ? { database: join(path, 'latchkey.db'), folder: path } : { database: path, folder: dirname(path) }
}

/** Checks the version of the source, and locks the file of the move, whichever side it is. */
async function prepare(
  from: Place,
  to: Place,
  { settings, isDry }: { settings: Settings; isDry: boolean },
): Promise<void> {
  if (!(await historyOf(from.database)).exists)
    throw new Error(
      isPostgresUrl(from.database)
        ? `${shownDatabase(from.database)} has no schema latchkey; run ${commandWith('migrate')} on it first`
        : `there is no database at ${from.database}`,
    )
  await requireSameVersion(from.database, settings)
  for (const { database, folder } of isDry ? [from] : [from, to]) {
    if (isPostgresUrl(database)) continue
    openDataFolder(folder)
    openDataFolder(dirname(database))
    lockData(folder, database)
  }
}

/** Shows that a long move goes on: on one line of a terminal, or with a line from time to time. */
function progressLines(): (progress: Progress) => void {
  const { isTTY = false } = process.stderr
  let last = performance.now()
  return ({ table, rows }) => {
    if (performance.now() - last < (isTTY ? REDRAW_EVERY_MS : PROGRESS_EVERY_MS)) return
    last = performance.now()
    process.stderr.write(isTTY ? `\r\u001b[2K${table}: ${rows} rows\r` : `${table}: ${rows} rows\n`)
  }
}

function rowLines({ rows }: Moved): string {
  const lines = [...rows].filter(([, count]) => count > 0).map(([table, count]) => [table, String(count)] as const)
  const width = Math.max(0, ...lines.map(([table]) => table.length))
  return lines.map(([table, count]) => `${table.padEnd(width)}  ${count.padStart(9)}\n`).join('')
}

function total({ rows }: Moved): string {
  const sum = [...rows.values()].reduce((one, other) => one + other, 0)
  return sum === 1 ? '1 row' : `${sum} rows`
}

interface Done {
  from: Place
  to: Place
  settings: Settings
  showSecrets: boolean
}

/** Which settings the servers need from now on. Secrets are named by where they are, unless they are asked for. */
function nextSteps({ from, to, settings, showSecrets }: Done, { jwtSecret, encryptionKey }: Secrets): string {
  if (!isPostgresUrl(to.database))
    return `The secrets are in ${join(to.folder, 'secrets.json')}. Remove AUTH_DATABASE_URL, and start the server: ${commandWith('serve', to.folder)}\n`
  const { tokens } = settings
  const place = (isSet: boolean, name: string) =>
    isSet ? 'as it is set now' : `${name} in ${join(from.folder, 'secrets.json')}`
  const lines = showSecrets
    ? [`AUTH_DATABASE_URL=${to.database}`, `AUTH_JWT_SECRET=${jwtSecret}`, `AUTH_ENCRYPTION_KEY=${encryptionKey}`]
    : [
        `AUTH_DATABASE_URL    ${shownDatabase(to.database)}, with its password`,
        `AUTH_JWT_SECRET      ${place(tokens.jwtSecret !== undefined, 'jwtSecret')}`,
        `AUTH_ENCRYPTION_KEY  ${place(tokens.encryptionKey !== undefined, 'encryptionKey')}`,
      ]
  return `\nBesides the settings of today, every server on this database needs:\n${lines.map((line) => `  ${line}\n`).join('')}`
}
