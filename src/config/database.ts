/** The database: a SQLite file, or Postgres. */
import { fileURLToPath } from 'node:url'
import { isPostgresUrl, parsePostgresUrl, shownPostgresUrl } from '../lib/postgres-url'
import { setting } from './setting'
import { integer, orZero, text, type ValueType } from './value-types'

/** A path, a `file:` or `sqlite:` URL, or the URL of a Postgres database. */
const databaseUrl: ValueType<string> = {
  name: 'path or URL',
  format: (value) => (isPostgresUrl(value) ? shownPostgresUrl(value) : value),
  parse(value) {
    if (isPostgresUrl(value)) {
      parsePostgresUrl(value)
      return value
    }
    if (/[?#]|:memory:/.test(value)) throw new Error('the path of a file, without parameters')
    const path = value.startsWith('file://') ? fileURLToPath(value) : value.replace(/^(file|sqlite):(\/\/)?/, '')
    if (path === '' || /^[a-z][a-z0-9+.-]+:/i.test(path))
      throw new Error('a path, or a file:, sqlite: or postgres: URL')
    return path
  },
}

const ISOLATION_LEVELS = ['serializable', 'repeatable read'] as const
type IsolationLevel = (typeof ISOLATION_LEVELS)[number]

/** As Postgres writes them, with a space; `_` and `-` are accepted in its place. */
const isolationLevel: ValueType<IsolationLevel> = {
  name: ISOLATION_LEVELS.join(' | '),
  parse(value) {
    const found = ISOLATION_LEVELS.find((level) => level === value.toLowerCase().replace(/[_-]/g, ' '))
    if (found === undefined) throw new Error(`one of ${ISOLATION_LEVELS.join(', ')}`)
    return found
  },
}

export const database = {
  url: setting({
    name: 'DATABASE_URL',
    also: ['GOTRUE_DB_DATABASE_URL', 'DATABASE_URL'],
    kind: databaseUrl,
    holdsPassword: true,
    defaultNote: '`<AUTH_DATA_DIR>/latchkey.db`',
    doc: 'SQLite: a path, or a `file:` or `sqlite:` URL. Postgres: `postgres://user:password@host:5432/database`, with `sslmode` and `sslrootcert` as in libpq; see docs/postgres.md.',
  }),
  maxConnections: setting({
    name: 'DB_MAX_CONNECTIONS',
    also: ['GOTRUE_DB_MAX_POOL_SIZE'],
    kind: orZero(integer(1, 1000)),
    default: 10,
    doc: 'Postgres: maximum number of connections of this process for requests.',
  }),
  isolation: setting({
    name: 'DB_ISOLATION',
    kind: isolationLevel,
    default: 'serializable',
    doc: 'Postgres: isolation level of transactions that write. `repeatable read` is only for triggers of your own that fail under `serializable`: some races between requests are then no longer excluded.',
  }),
  namespace: setting({
    name: 'DB_NAMESPACE',
    kind: text,
    default: 'auth',
    doc: 'Postgres: the schema that is shared with Supabase Auth. Only `auth` is supported.',
  }),
}
