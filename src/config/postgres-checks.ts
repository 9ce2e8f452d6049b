/** Checks of settings that matter on Postgres, where several servers may share one database. */
import { HOOK_KEYS, HOOKS } from '../hooks'
import { isFunctionUri } from '../lib/function-uri'
import { isPostgresUrl, parsePostgresUrl } from '../lib/postgres-url'
import { hooks as hookSettings } from './hooks'
import type { Settings } from './index'
import type { Setting } from './setting'
import type { Finding, SettingProblem } from './sources'

/** The port of Supabase's poolers in transaction mode. */
const TRANSACTION_POOLER_PORT = 6543

export const isOnPostgres = ({ database }: Pick<Settings, 'database'>): boolean =>
  database.url !== undefined && isPostgresUrl(database.url)

export function postgresProblems(settings: Settings): Finding[] {
  if (!isOnPostgres(settings)) return functionHooks(settings).map(error)
  const found = [...missingSecrets(settings), ...unsupported(settings).map(error)]
  if (parsePostgresUrl(settings.database.url ?? '').port === TRANSACTION_POOLER_PORT)
    found.push({
      severity: 'warning',
      message: `AUTH_DATABASE_URL has port ${TRANSACTION_POOLER_PORT}, where Supabase's poolers run in transaction mode. That does not work; use the port of the database itself or of the session mode, 5432.`,
    })
  return found
}

const error = (message: string): Finding => ({ severity: 'error', message })

/** Everything else that servers share is in the database, encrypted with the key. */
function missingSecrets({ tokens }: Settings): Finding[] {
  const missing: Finding[] = []
  if (tokens.jwtSecret === undefined)
    missing.push({
      severity: 'error',
      message:
        'AUTH_JWT_SECRET must be set on Postgres, to the same value for every server on the database. Use the JWT secret of your Supabase project, or make one: openssl rand -base64 48',
      missing: 'AUTH_JWT_SECRET',
    })
  if (tokens.encryptionKey === undefined)
    missing.push({
      severity: 'error',
      message:
        'AUTH_ENCRYPTION_KEY must be set on Postgres, to the same value for every server on the database. Add the line AUTH_ENCRYPTION_KEY=<64 hexadecimal digits> with the digits that `openssl rand -hex 32` prints, and keep a copy, because the database cannot be used without it.',
      missing: 'AUTH_ENCRYPTION_KEY',
    })
  return missing
}

function unsupported({ database, mail }: Settings): string[] {
  const found: string[] = []
  if (database.namespace !== 'auth')
    found.push(
      `AUTH_DB_NAMESPACE must be auth, not ${JSON.stringify(database.namespace)}: another schema is not supported.`,
    )
  if (mail.verificationBackend === 'memory')
    found.push(
      'AUTH_VERIFICATION_BACKEND must be database on Postgres: links and codes in the memory of one server are unknown to the others.',
    )
  return found
}

/**
 * A config.toml is written for a project with Postgres, so its hooks that are functions do not prevent a start on
 * SQLite. They are switched off, which the operator is told.
 */
export function switchOffFunctionHooks(
  { database, hooks }: Settings,
  isFromToml: (setting: Setting<unknown>) => boolean,
): SettingProblem[] {
  if (isOnPostgres({ database })) return []
  const uncallable = HOOK_KEYS.filter(
    (key) =>
      hooks[`${key}Enabled`] &&
      isFunctionUri(hooks[`${key}Uri`] ?? '') &&
      isFromToml(hookSettings[`${key}Enabled`]) &&
      isFromToml(hookSettings[`${key}Uri`]),
  )
  for (const key of uncallable) hooks[`${key}Enabled`] = false
  return uncallable.map((key) => ({
    severity: 'incomplete',
    message: `auth.hook.${HOOKS[key].setting.toLowerCase()} is a Postgres function, and the database is SQLite, so this hook is not called: use an https URL, or set AUTH_DATABASE_URL to a postgres:// URL.`,
  }))
}

/** Which settings are secrets of hooks that are functions, which are called without a signature. */
export function unusedSecrets({ hooks }: Pick<Settings, 'hooks'>): (setting: Setting<unknown>) => boolean {
  const unused = HOOK_KEYS.filter((key) => isFunctionUri(hooks[`${key}Uri`] ?? '')).map(
    (key): Setting<unknown> => hookSettings[`${key}Secrets`],
  )
  return (setting) => unused.includes(setting)
}

function functionHooks({ hooks }: Settings): string[] {
  return HOOK_KEYS.filter((key) => hooks[`${key}Enabled`] && isFunctionUri(hooks[`${key}Uri`] ?? '')).map(
    (key) =>
      `AUTH_HOOK_${HOOKS[key].setting}_URI names a Postgres function, but the database is SQLite: use an https URL, or set AUTH_DATABASE_URL to a postgres:// URL.`,
  )
}
