/** Operations of the command line on a database that no server has open. */

export type { History } from './migration-history'
export { damageOf } from './sqlite/integrity'
export { lockData } from './sqlite/lock'
export { historyOf } from './sqlite/migrate'
export { migrateDatabase } from './sqlite/open'
export { sqliteVersion } from './sqlite/version'
