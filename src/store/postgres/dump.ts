/** Dumps of the schemas of a database, by the client tools of Postgres. */
import { rmSync, writeFileSync } from 'node:fs'
import { parsePostgresUrl, shownPostgresUrl } from '../../lib/postgres-url'
import { SEARCH_INDEX } from './indexes'
import { dropSearchExtension } from './inspection'
import { requireMovable } from './move-target'

/** The schemas of accounts and of the rest. */
const SCHEMAS = ['auth', 'latchkey']

/**
 * Writes a dump in the custom format (https://www.postgresql.org/docs/current/app-pgdump.html), beside running servers.
 * @param path of a file that does not exist, in a folder that is closed to other users
 * @throws if pg_dump is missing or fails
 */
export async function dumpDatabase(url: string, path: string): Promise<void> {
  await withConnection(url, path, (connection) =>
    runTool(
      'pg_dump',
      ['--format=custom', '--no-owner', ...SCHEMAS.map((name) => `--schema=${name}`), `--file=${path}`, connection],
      ` on ${shownPostgresUrl(url)}`,
    ),
  )
}

/** Reads a dump to its end. @throws if pg_restore is missing or cannot read it */
export async function checkDump(path: string): Promise<void> {
  await runTool('pg_restore', ['--file=/dev/null', path])
}

/** @throws {MoveRefused} if the database has accounts, or a server uses it */
export const requireEmptyDatabase = (url: string): Promise<void> => requireMovable(url)

/**
 * Restores a dump in one transaction. Empty schemas of the same names are replaced.
 * @param path of a file in a folder that is closed to other users
 * @throws if pg_restore is missing or fails; the database is then unchanged
 */
export async function restoreDump(url: string, path: string): Promise<void> {
  const wanted = `${path}.list`
  const contents = await runTool('pg_restore', ['--list', path])
  writeFileSync(wanted, contents.split('\n').filter(isRestored).join('\n'), { mode: 0o600, flag: 'wx' })
  try {
    await dropSearchExtension(url)
    await withConnection(url, path, (connection) =>
      runTool(
        'pg_restore',
        [...RESTORE_OPTIONS, `--use-list=${wanted}`, connection, path],
        ` on ${shownPostgresUrl(url)}`,
      ),
    )
  } finally {
    rmSync(wanted, { force: true })
  }
}

const RESTORE_OPTIONS = ['--single-transaction', '--exit-on-error', '--no-owner', '--clean', '--if-exists']

/** A dump of schemas has no extensions, so the index that needs one is left to the next start of a server. */
const isRestored = (entry: string) => !/ INDEX auth /.test(entry) || !entry.includes(SEARCH_INDEX)

/** @returns what the tool prints */
async function runTool(tool: 'pg_dump' | 'pg_restore', args: string[], place = ''): Promise<string> {
  if (Bun.which(tool) === null)
    throw new Error(
      `${tool} is not installed here; install the client tools of PostgreSQL, in the version of the server or newer, or back up with the tools of your provider`,
    )
  const child = Bun.spawn([tool, ...args], { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
  const [status, output, errors] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ])
  if (status !== 0) throw new Error(`${tool} failed${place}: ${firstError(errors)}`)
  return output
}

const firstError = (text: string) => {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return lines.find((line) => /error/i.test(line)) ?? lines[0] ?? 'it gave no reason'
}

/**
 * Gives a tool the connection of a URL. The password is in a file for the moment, because arguments are visible to other
 * users of the machine.
 */
async function withConnection(url: string, path: string, work: (option: string) => Promise<unknown>): Promise<void> {
  const { user, password, host, port, database, sslMode, rootCertificate } = parsePostgresUrl(url)
  // https://www.postgresql.org/docs/current/libpq-pgpass.html
  const passfile = `${path}.pgpass`
  writeFileSync(passfile, `*:*:*:*:${password.replace(/[\\:]/g, '\\$&')}\n`, { mode: 0o600, flag: 'wx' })
  const parameters = {
    user,
    host,
    port: String(port),
    dbname: database,
    sslmode: sslMode,
    ...(rootCertificate !== undefined && { sslrootcert: rootCertificate }),
    passfile,
  }
  try {
    await work(
      `--dbname=${Object.entries(parameters)
        .map(([name, value]) => `${name}=${quoted(value)}`)
        .join(' ')}`,
    )
  } finally {
    rmSync(passfile, { force: true })
  }
}

const quoted = (value: string) => `'${value.replace(/[\\']/g, '\\$&')}'`
