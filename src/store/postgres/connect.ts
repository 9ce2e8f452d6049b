/** Connections to Postgres. */
import { readFileSync } from 'node:fs'
import { SQL } from 'bun'
import { driverUrl, type PostgresUrl, parsePostgresUrl } from '../../lib/postgres-url'

/** What runs a query: a connection, a transaction on it, or a pool. */
export type Connection = Pick<SQL, 'unsafe'>

/** How long a connection may take to be made. */
const CONNECTING_SECONDS = 3

export interface ConnectOptions {
  maxConnections: number
  /** Parameters of each session, such as `search_path` (https://www.postgresql.org/docs/current/runtime-config-client.html). */
  session?: Record<string, string>
}

/**
 * A pool; it connects when it is first used.
 * @param url as `parsePostgresUrl` reads it
 * @throws if the URL is malformed, or its root certificate cannot be read
 */
export function connect(url: string, { maxConnections, session = {} }: ConnectOptions): SQL {
  const target = parsePostgresUrl(url)
  return new SQL(driverUrl(target), {
    max: maxConnections,
    connectionTimeout: CONNECTING_SECONDS,
    connection: { application_name: 'latchkey', ...session },
    ...tlsOf(target),
  })
}

/** What the client does not take from `sslmode`. Any `tls` would switch encryption on, and verification. */
function tlsOf({ sslMode, rootCertificate }: PostgresUrl) {
  if (rootCertificate === undefined || !sslMode.startsWith('verify-')) return {}
  const ca = readCertificate(rootCertificate)
  return { tls: sslMode === 'verify-ca' ? { ca, checkServerIdentity: () => undefined } : { ca } }
}

function readCertificate(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Error(`the root certificate of the database cannot be read (sslrootcert): ${(error as Error).message}`)
  }
}
