/** Opens a database file of SQLite, creating and migrating it if needed. */
import type { Database } from 'bun:sqlite'
import { migrations } from '../../../migrations'
import type { Engine, EngineOptions } from '../engine'
import { openDatabase } from './connections'
import { sqliteEngine } from './engine'
import { migrate, requireWritable } from './migrate'
import { openingProblem } from './opening-problem'
import { snapshot } from './snapshot'

export interface SqliteOptions extends EngineOptions {
  /** Unix milliseconds. */
  now: number
  /** Whether opening fails if the file cannot be written. */
  mustBeWritable?: boolean | undefined
}

/** @throws if the file cannot be opened, written or migrated */
export async function openSqlite(path: string, { now, mustBeWritable, ...options }: SqliteOptions): Promise<Engine> {
  const { database } = openMigrated(path, now, mustBeWritable)
  return sqliteEngine(database, options)
}

/** Migrates a database file, and closes it again. @returns the names of the migrations applied by this call */
export async function migrateDatabase(path: string, now: number): Promise<string[]> {
  const { database, applied } = openMigrated(path, now)
  database.close()
  return applied
}

/**
 * Before a migration, a snapshot is taken.
 * @returns the database and the names of the migrations applied by this call
 */
export function openMigrated(
  path: string,
  now: number,
  mustBeWritable = false,
): { database: Database; applied: string[] } {
  const database = openOrExplain(path)
  try {
    const applied = migrate(database, migrations, { snapshot: (version) => snapshot(path, version), now })
    if (mustBeWritable) requireWritable(database)
    return { database, applied }
  } catch (error) {
    database.close()
    throw new Error(`${path}: ${openingProblem(path, error)}`)
  }
}

function openOrExplain(path: string): Database {
  try {
    return openDatabase(path)
  } catch (error) {
    throw new Error(`${path} cannot be opened as a database: ${openingProblem(path, error)}`)
  }
}
