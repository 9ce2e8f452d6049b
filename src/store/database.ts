/** Operations of the command line on a database that no server has open. */
export { damageOf } from './sqlite/integrity'
export { lockData } from './sqlite/lock'
export { type History, historyOf } from './sqlite/migrate'
export { migrateDatabase } from './sqlite/open'
export { sqliteVersion } from './sqlite/version'
