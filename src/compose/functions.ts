/** Functions of the database, for hooks. */
import type { Settings } from '../config'
import { isOnPostgres } from '../config/postgres-checks'
import { type Functions, openFunctions } from '../store'

const CONNECTIONS = 4

export function functionsOf(settings: Settings): Functions {
  const { url } = settings.database
  if (url !== undefined && isOnPostgres(settings)) return openFunctions(url, { maxConnections: CONNECTIONS })
  // config/postgres-checks.ts refuses a function as a hook before
  return { call: async () => ({ outcome: 'failed', error: 'the database is SQLite' }), close: async () => {} }
}
