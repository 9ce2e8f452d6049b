/** Dumps of the schemas of a database, by the client tools of Postgres. */
import { rmSync, writeFileSync } from 'node:fs'
import { parsePostgresUrl, shownPostgresUrl } from '../../lib/postgres-url'
import { requireMovable } from './move-target'

/** The schemas of accounts and of the rest. */
const SCHEMAS = ['auth', 'latchkey']

/**
 * Writes a dump in the custom format (https://www.postgresql.org/docs/current/app-pgdump.html), beside running servers.
 * @param path of a file that does not exist, in a folder that is closed to other users
 * @throws if pg_dump is missing or fails
 */
export const dumpDatabase = (url: string, path: string): Promise<void> =>
  withConnection(url, path, (connection) =>
    runTool(
      'pg_dump',
      ['--format=custom', '--no-owner', ...SCHEMAS.map((name) => `--schema=${name}`), `--file=${path}`, connection],
      ` on ${shownPostgresUrl(url)}`,
    ),
  )

/** Reads a dump to its end. @throws if pg_restore is missing or cannot read it */
export const checkDump = (path: string): Promise<void> => runTool('pg_restore', ['--file=/dev/null', path])

/** @throws {MoveRefused} if the database has accounts, or a server uses it */
export const requireEmptyDatabase = (url: string): Promise<void> => requireMovable(url)

/**
 * Restores a dump in one transaction. Empty schemas of the same names are replaced.
 * @param path of a file in a folder that is closed to other users
 * @throws if pg_restore is missing or fails; the database is then unchanged
 */
export const restoreDump = (url: string, path: string): Promise<void> =>
  withConnection(url, path, (connection) =>
    runTool(
      'pg_restore',
      ['--single-transaction', '--exit-on-error', '--no-owner', '--clean', '--if-exists', connection, path],
      ` on ${shownPostgresUrl(url)}`,
    ),
  )

async function runTool(tool: 'pg_dump' | 'pg_restore', args: string[], place = ''): Promise<void> {
  if (Bun.which(tool) === null)
    throw new Error(
      `${tool} is not installed here; install the client tools of PostgreSQL, in the version of the server or newer, or back up with the tools of your provider`,
    )
  const child = Bun.spawn([tool, ...args], { stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' })
  const [status, errors] = await Promise.all([child.exited, new Response(child.stderr).text()])
  if (status !== 0) throw new Error(`${tool} failed${place}: ${firstError(errors)}`)
}

const firstError = (text: string) => {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return lines.find((line) => /error/i.test(line)) ?? lines[0] ?? 'it gave no reason'
}

/**
 * Gives a tool the connection of a URL. The password is in a file for the moment, because arguments are visible to other
 * users of the machine.
 */
async function withConnection(url: string, path: string, work: (option: string) => Promise<void>): Promise<void> {
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
