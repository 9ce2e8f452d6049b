/** Where the server listens, its external URLs, and its logging. */
import { field } from './policy-field'
import { computed, setting } from './setting'
import {
  anyUrl,
  choice,
  duration,
  flag,
  headerName,
  hostName,
  httpUrl,
  integer,
  list,
  networks,
  text,
  type ValueType,
} from './value-types'

/** Other software reads DEBUG too, and not always as a boolean (docs/decisions.md#d24). */
const debugFlag: ValueType<boolean> = {
  name: 'true/false',
  parse: (value) => /^(true|1|t|yes|on)$/i.test(value),
}

const LEVELS = ['debug', 'info', 'warn', 'error', 'off'] as const
/** Further level names of GoTrue. */
const OTHER_LEVELS: Record<string, (typeof LEVELS)[number]> = {
  trace: 'debug',
  warning: 'warn',
  fatal: 'error',
  panic: 'error',
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
    doc: 'Address to listen on. Set `0.0.0.0` or `::` to be reachable from other machines, behind a TLS proxy.',
  }),
  port: setting({
    name: 'PORT',
    also: ['GOTRUE_API_PORT', 'PORT'],
    flag: '--port',
    kind: integer(0, 65535),
    default: 7020,
    doc: 'Port to listen on; 0 picks a free one.',
  }),
  dataDir: setting({
    name: 'DATA_DIR',
    flag: '--data-dir',
    kind: text,
    default: './latchkey-data',
    doc: 'Folder for the SQLite database and the secrets generated at first start. On Postgres, nothing is written there.',
  }),
  apiExternalUrl: computed({
    name: 'API_EXTERNAL_URL',
    also: ['API_EXTERNAL_URL'],
    toml: 'external_url',
    kind: httpUrl,
    defaultNote: '`http://localhost:<AUTH_PORT>/auth/v1`',
    feeds: field('apiUrl'),
    doc: 'Public base URL of this API as clients reach it: the base of mailed links, callbacks and the token issuer.',
  }),
  siteUrl: setting({
    name: 'SITE_URL',
    also: ['SITE_URL'],
    toml: 'site_url',
    kind: anyUrl,
    default: 'http://localhost:3000',
    feeds: field('redirects.siteUrl'),
    doc: 'URL of your application: the default redirect target.',
  }),
  trustedProxies: setting({
    name: 'TRUSTED_PROXIES',
    kind: networks,
    default: [],
    doc: 'Networks of your own reverse proxies. `X-Forwarded-For` is trusted only from them; the right-most address outside the list is the client.',
  }),
  corsAllowedHeaders: setting({
    name: 'CORS_ALLOWED_HEADERS',
    kind: list,
    default: [],
    doc: 'Request headers that browsers may send in addition to those of supabase-js.',
  }),
  maxRequestDurationMs: setting({
    name: 'API_MAX_REQUEST_DURATION',
    kind: duration(1000),
    default: 10_000,
    doc: 'Maximum time to receive a request body, and to wait for password hashing; after that the response is 504.',
  }),
  idleTimeoutMs: setting({
    name: 'IDLE_TIMEOUT',
    kind: duration(5000, 255_000),
    default: 75_000,
    doc: 'How long a connection may be idle before it is closed. Keep it above the idle timeout of a proxy in front, often 60s.',
  }),
  requestIdHeader: setting({
    name: 'REQUEST_ID_HEADER',
    also: ['REQUEST_ID_HEADER', 'GOTRUE_API_REQUEST_ID_HEADER'],
    kind: headerName,
    default: 'X-Request-Id',
    doc: 'Header with the request id, in requests and responses; the log and every 5xx body contain the same id.',
  }),
  logLevel: setting({
    name: 'LOG_LEVEL',
    kind: logLevel,
    default: 'info',
    doc: 'Minimum level of log lines. `info` includes one line per request.',
  }),
  debug: setting({
    name: 'DEBUG',
    also: ['DEBUG'],
    kind: debugFlag,
    default: false,
    doc: 'The same as log level `debug`. Values that are not booleans are ignored, since other software uses this name as well.',
  }),
  logFormat: setting({
    name: 'LOG_FORMAT',
    kind: choice('auto', 'json', 'text'),
    default: 'auto',
    doc: 'Log format; `auto` is text on a terminal and JSON elsewhere.',
  }),
  swagger: setting({
    name: 'SWAGGER',
    kind: flag,
    default: true,
    doc: 'Serve Swagger UI at `/swagger` and the OpenAPI document at `/openapi.json`.',
  }),
  docs: setting({
    name: 'DOCS',
    kind: flag,
    default: true,
    doc: 'Serve the documentation at `/docs`, with a list of its pages for language models at `/llms.txt`, and link errors to their pages there.',
  }),
  dashboard: setting({
    name: 'DASHBOARD',
    kind: flag,
    default: true,
    doc: 'Serve the dashboard for administrators at `/dashboard` ([documentation](dashboard.md)).',
  }),
  dashboardPort: setting({
    name: 'DASHBOARD_PORT',
    kind: integer(0, 65535),
    defaultNote: 'none',
    doc: 'Port of a separate listener for the dashboard, which then is not at `/dashboard` of the main port. The API is served there as well.',
  }),
  dashboardHost: setting({
    name: 'DASHBOARD_HOST',
    kind: hostName,
    default: '127.0.0.1',
    doc: 'Address of the listener of the dashboard.',
  }),
  metricsPort: setting({
    name: 'METRICS_PORT',
    also: ['OTEL_EXPORTER_PROMETHEUS_PORT'],
    kind: integer(0, 65535),
    defaultNote: 'off',
    doc: 'Port of a separate listener for `/metrics` in Prometheus format; see docs/monitoring.md.',
  }),
  metricsHost: setting({
    name: 'METRICS_HOST',
    also: ['OTEL_EXPORTER_PROMETHEUS_HOST'],
    kind: hostName,
    default: '127.0.0.1',
    doc: 'Address of the metrics listener.',
  }),
  updateUrl: setting({
    name: 'UPDATE_URL',
    kind: httpUrl,
    defaultNote: 'none',
    doc: 'URL of the folder with the release that `latchkey update` installs ([documentation](production.md#updates)).',
  }),
}
