/** Operations of the command line on a database, a SQLite file or one of Postgres, beside those of the store. */
import { existsSync } from 'node:fs'
import { migrations } from '../../migrations'
import { postgresMigrations } from '../../migrations/postgres'
import { isPostgresUrl } from '../lib/postgres-url'
import type { History, Migrated } from './migration-history'
import * as postgres from './postgres/inspection'
import { damageOf as damageOfFile } from './sqlite/integrity'
import { historyOf as historyOfFile } from './sqlite/migrate'
import { migrateDatabase as migrateFile } from './sqlite/open'

/** @throws if it cannot be read as a database */
export const historyOf = async (target: string): Promise<History> =>
  isPostgresUrl(target) ? postgres.historyOf(target) : historyOfFile(target)

/**
 * Reads a whole file, or the catalog of Postgres.
 * @returns why a database cannot be used, with its name; undefined if it can, or if there is no file
 */
export async function damageOf(target: string): Promise<string | undefined> {
  if (isPostgresUrl(target)) return postgres.problemOf(target)
  const damage = existsSync(target) ? damageOfFile(target) : undefined
  return damage === undefined ? undefined : `${target}: ${damage}`
}

/** The names of the migrations of a database that this executable brings up to date, in order. */
export const migrationsFor = (target: string): string[] =>
  (isPostgresUrl(target) ? postgresMigrations : migrations).map(({ name }) => name)

export interface MigrateOptions {
  /** Unix milliseconds. */
  now: number
  /** Of this executable; undefined leaves the views that are there. */
  version?: string
}

/** Creates the database if needed. @throws if it cannot be opened, written or migrated */
export async function migrateDatabase(target: string, options: MigrateOptions): Promise<Migrated> {
  if (isPostgresUrl(target)) return postgres.migrateDatabase(target, options)
  return { applied: await migrateFile(target, options.now), warnings: [] }
}

/** The SQL that `migrateDatabase` would run; empty if there is none. @throws as `migrateDatabase` does */
export async function pendingScript(target: string, options: MigrateOptions): Promise<string> {
  if (isPostgresUrl(target)) return postgres.pendingScript(target, options)
  const { migrations: applied } = historyOfFile(target)
  return migrations
    .slice(applied.length)
    .map(({ sql }) => sql.trim())
    .join('\n\n')
}

export { checkDump, dumpDatabase, requireEmptyDatabase, restoreDump } from './postgres/dump'
export { damageOf as damageOfFile } from './sqlite/integrity'
export { isLocked, lockData } from './sqlite/lock'
export { copyDatabase } from './sqlite/snapshot'
export { sqliteVersion } from './sqlite/version'
