/**
 * URLs of Postgres databases, as libpq reads them
 * (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS), with one host.
 */

/** How TLS is used (https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION). */
export type SslMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'

export interface PostgresUrl {
  user: string
  password: string
  /** A name or an address, or the absolute path of the folder with the socket. */
  host: string
  port: number
  database: string
  sslMode: SslMode
  /** Path of a PEM file with the certificates to verify against, in place of the public ones. */
  rootCertificate: string | undefined
}

const SSL_MODES: readonly string[] = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] satisfies SslMode[]

/**
 * Parameters that other clients take and that mean nothing here: the server sets its own timeouts, search path and
 * number of connections.
 */
const IGNORED = new Set(
  'application_name connect_timeout connection_limit gssencmode keepalives keepalives_count keepalives_idle keepalives_interval options pgbouncer pool_timeout schema search_path sslnegotiation statement_cache_size statement_timeout target_session_attrs tcp_user_timeout'.split(
    ' ',
  ),
)

export const isPostgresUrl = (text: string): boolean => /^postgres(ql)?:/i.test(text)

const NO_HOST = '.'
const FORM = 'postgres://user:password@host:5432/database'

/** @throws {Error} whose message completes the sentence "<NAME> must be …"; it never contains the password */
export function parsePostgresUrl(text: string): PostgresUrl {
  // A user without a host is no URL for the parser, but common where `host` follows as a parameter.
  const whole = text.replace(/@(?=[/?]|$)/, `@${NO_HOST}`)
  const url = URL.canParse(whole) ? new URL(whole) : undefined
  if (!url || !isPostgresUrl(text) || url.hash !== '')
    throw new Error(`of the form ${FORM}, with special characters of the password written as %23, %2F and so on`)
  for (const name of url.searchParams.keys())
    if (!['sslmode', 'sslrootcert', 'host'].includes(name) && !IGNORED.has(name))
      throw new Error(`without the parameter ${name}: sslmode, sslrootcert and host are supported`)
  const host = url.searchParams.get('host') ?? decoded(url.hostname).replace(/^\[|\]$/g, '')
  if (host === '' || host === NO_HOST || host.includes(',')) throw new Error(`of the form ${FORM}, with one host`)
  const user = decoded(url.username)
  if (user === '') throw new Error(`of the form ${FORM}, with a user`)
  const rootCertificate = url.searchParams.get('sslrootcert') ?? undefined
  return {
    user,
    password: decoded(url.password),
    host,
    port: Number(url.port || 5432),
    database: decoded(url.pathname.replace(/^\//, '')) || user,
    sslMode: sslModeOf(url.searchParams.get('sslmode')?.toLowerCase(), rootCertificate),
    rootCertificate: rootCertificate === 'system' ? undefined : rootCertificate,
  }
}

/** As libpq: `require` verifies the certificate if there is something to verify it against. */
function sslModeOf(given: string | undefined, rootCertificate: string | undefined): SslMode {
  if (rootCertificate === 'system') return 'verify-full'
  // `allow` differs in the order of the attempts only
  const mode = given === undefined || given === 'allow' ? 'prefer' : given
  if (!SSL_MODES.includes(mode)) throw new Error(`with an sslmode of ${SSL_MODES.join(', ')}`)
  return mode === 'require' && rootCertificate !== undefined ? 'verify-ca' : (mode as SslMode)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Error('a URL in which a percent sign is written %25')
  }
}

/**
 * The URL for Bun's client, which takes `sslmode` from nowhere else, would read PGSSLMODE if it were missing, and passes
 * parameters that it does not know to the server.
 */
export function driverUrl({ user, password, host, port, database, sslMode }: PostgresUrl): string {
  const account = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`
  const place = host.startsWith('/') ? encodeURIComponent(host) : host.includes(':') ? `[${host}]` : host
  // a socket is not encrypted
  const mode = host.startsWith('/') ? 'disable' : sslMode
  return `postgres://${account}@${place}:${port}/${encodeURIComponent(database)}?sslmode=${mode}`
}

/** For logs and terminals: without the password. */
export function shownPostgresUrl(text: string): string {
  const { user, host, port, database } = parsePostgresUrl(text)
  const place = host.startsWith('/')
    ? `${host}/.s.PGSQL.${port}`
    : host.includes(':')
      ? `[${host}]:${port}`
      : `${host}:${port}`
  return `postgres://${user}@${place}/${database}`
}
