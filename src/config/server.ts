/** Where the server listens, what it is called from outside, and what it tells its operator. */
import { fileURLToPath } from 'node:url'
import {
  anyUrl,
  choice,
  computed,
  duration,
  flag,
  headerName,
  hostName,
  httpUrl,
  integer,
  type Kind,
  list,
  networks,
  setting,
  text,
} from './setting'

/** A path, written as one or as a `file:` or `sqlite:` URL. */
const databaseFile: Kind<string> = {
  name: 'path or URL',
  parse(value) {
    if (/^postgres(ql)?:/i.test(value))
      throw new Error('the path of a SQLite file: this version cannot use a Postgres server yet')
    if (/[?#]|:memory:/.test(value)) throw new Error('the path of a file, without parameters')
    const path = value.startsWith('file://') ? fileURLToPath(value) : value.replace(/^(file|sqlite):(\/\/)?/, '')
    if (path === '' || /^[a-z][a-z0-9+.-]+:/i.test(path)) throw new Error('a path, or a file: or sqlite: URL')
    return path
  },
}

/** Other software reads DEBUG too, and not always as a boolean (settled 24). */
const debugFlag: Kind<boolean> = {
  name: 'true/false',
  parse: (value) => /^(true|1|t|yes|on)$/i.test(value),
}

const LEVELS = ['debug', 'info', 'warn', 'error', 'off'] as const
/** Levels that GoTrue has besides. */
const OTHER_LEVELS: Record<string, (typeof LEVELS)[number]> = {
  ...{ trace: 'debug', warning: 'warn', fatal: 'error', panic: 'error' },
}
const level = choice(...LEVELS)
const logLevel: typeof level = {
  ...level,
  parse: (value) => OTHER_LEVELS[value.toLowerCase()] ?? level.parse(value),
}

export const server = {
  host: setting({
    name: 'HOST',
    also: ['API_HOST', 'GOTRUE_API_HOST'],
    flag: '--host',
    kind: hostName,
    default: '127.0.0.1',
    doc: 'Address to listen on. Set `0.0.0.0` or `::` to be reachable from other machines, behind a proxy that speaks TLS.',
  }),
  port: setting({
    name: 'PORT',
    also: ['GOTRUE_API_PORT', 'PORT'],
    flag: '--port',
    kind: integer(0, 65535),
    default: 7020,
    doc: 'Port to listen on; 0 takes a free one.',
  }),
  dataDir: setting({
    name: 'DATA_DIR',
    flag: '--data-dir',
    kind: text,
    default: './latchkey-data',
    doc: 'Folder for the database and for the secrets made at first start.',
  }),
  databaseUrl: setting({
    name: 'DATABASE_URL',
    also: ['GOTRUE_DB_DATABASE_URL', 'DATABASE_URL'],
    kind: databaseFile,
    defaultNote: '`<AUTH_DATA_DIR>/latchkey.db`',
    doc: 'SQLite database: a path, or a `file:` or `sqlite:` URL.',
  }),
  apiExternalUrl: computed({
    name: 'API_EXTERNAL_URL',
    also: ['API_EXTERNAL_URL'],
    toml: 'external_url',
    kind: httpUrl,
    defaultNote: '`http://localhost:<AUTH_PORT>/auth/v1`',
    doc: 'Public base URL of this API, as clients reach it: the base of mailed links, callbacks and the token issuer.',
  }),
  siteUrl: setting({
    name: 'SITE_URL',
    also: ['SITE_URL'],
    toml: 'site_url',
    kind: anyUrl,
    default: 'http://localhost:3000',
    doc: 'Address of your application: the default redirect target.',
  }),
  trustedProxies: setting({
    name: 'TRUSTED_PROXIES',
    kind: networks,
    default: [],
    doc: 'Networks of your own reverse proxies. Only they may name a client in `X-Forwarded-For`; the right-most hop outside the list counts as the client.',
  }),
  corsAllowedHeaders: setting({
    name: 'CORS_ALLOWED_HEADERS',
    kind: list,
    default: [],
    doc: 'Further request headers that browsers may send, beside those supabase-js sends.',
  }),
  maxRequestDurationMs: setting({
    name: 'API_MAX_REQUEST_DURATION',
    kind: duration(1000),
    default: 10_000,
    doc: 'How long a client may take to send its body, and a password may wait to be hashed, before the answer is 504.',
  }),
  idleTimeoutMs: setting({
    name: 'IDLE_TIMEOUT',
    kind: duration(5000, 255_000),
    default: 75_000,
    doc: 'How long a connection may be silent before it is closed. Keep it above the time that a proxy in front keeps its own idle connections, which is 60s for many.',
  }),
  requestIdHeader: setting({
    name: 'REQUEST_ID_HEADER',
    also: ['REQUEST_ID_HEADER', 'GOTRUE_API_REQUEST_ID_HEADER'],
    kind: headerName,
    default: 'X-Request-Id',
    doc: 'Header that carries the request id, in and out; the log and every 5xx body name the same id.',
  }),
  logLevel: setting({
    name: 'LOG_LEVEL',
    kind: logLevel,
    default: 'info',
    doc: 'Least severe log line to write. `info` includes one line for each request.',
  }),
  debug: setting({
    name: 'DEBUG',
    also: ['DEBUG'],
    kind: debugFlag,
    default: false,
    doc: 'The same as the log level `debug`. What is no boolean is ignored, since other software has settings of this name.',
  }),
  logFormat: setting({
    name: 'LOG_FORMAT',
    kind: choice('auto', 'json', 'text'),
    default: 'auto',
    doc: 'Form of the log; `auto` is text on a terminal and JSON elsewhere.',
  }),
  swagger: setting({
    name: 'SWAGGER',
    kind: flag,
    default: true,
    doc: 'Serve Swagger UI at `/swagger` and the OpenAPI document at `/openapi.json`.',
  }),
  metricsPort: setting({
    name: 'METRICS_PORT',
    also: ['OTEL_EXPORTER_PROMETHEUS_PORT'],
    kind: integer(0, 65535),
    defaultNote: 'off',
    doc: 'Port of a listener of its own that answers `/metrics` in Prometheus form.',
  }),
  metricsHost: setting({
    name: 'METRICS_HOST',
    also: ['OTEL_EXPORTER_PROMETHEUS_HOST'],
    kind: hostName,
    default: '127.0.0.1',
    doc: 'Address of the metrics listener.',
  }),
}
