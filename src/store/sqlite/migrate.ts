/** Migrates a database to the schema of this executable: forward only, all or nothing. */
import { Database } from 'bun:sqlite'
import { existsSync } from 'node:fs'
import type { Migration } from '../../../migrations'
import { ENCRYPTION_KEY_ID_KEY, VERSION_KEY } from '../meta-keys'
import { type Applied, checkHistory, type History, NO_HISTORY, sha256 } from '../migration-history'
import { ignoreErrors, OPENING_MS } from './connections'
import { openingProblem } from './opening-problem'

export interface MigrateOptions {
  /** Called once before an existing database is changed, with its number of migrations. */
  snapshot(version: number): void
  /** Unix milliseconds. */
  now: number
}

/**
 * Applies missing migrations in one transaction, which also blocks a second process.
 * @returns the names of the applied migrations
 * @throws if the database is newer than this executable, was changed by an edited migration, or a migration fails;
 *   it is then unchanged
 */
export function migrate(db: Database, migrations: readonly Migration[], { snapshot, now }: MigrateOptions): string[] {
  const before = appliedMigrations(db)
  if (before.length >= migrations.length) {
    // Read-only commands need no lock for this.
    checkHistory(before, migrations)
    return []
  }
  if (before.length > 0) snapshot(before.length)
  // Inside a transaction this pragma has no effect, and with it on, rebuilding a table deletes referring rows.
  db.run('PRAGMA foreign_keys = OFF')
  db.run('BEGIN IMMEDIATE')
  try {
    db.run(
      'CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT',
    )
    const applied = appliedMigrations(db)
    checkHistory(applied, migrations)
    const pending = migrations.slice(applied.length)
    const record = db.query('INSERT INTO schema_migrations (version, name, sha256, applied_at) VALUES (?, ?, ?, ?)')
    pending.forEach(({ name, sql }, index) => {
      db.run(sql)
      record.run(applied.length + index + 1, name, sha256(sql), now)
    })
    // Only after a change, because it reads the whole database.
    if (pending.length > 0 && db.query('PRAGMA foreign_key_check').all().length > 0)
      throw new Error('a migration left dangling references')
    db.run('COMMIT')
    return pending.map(({ name }) => name)
  } catch (error) {
    // SQLite may have rolled back itself, and the first error is the relevant one.
    ignoreErrors(() => db.run('ROLLBACK'))
    throw error
  } finally {
    ignoreErrors(() => db.run('PRAGMA foreign_keys = ON'))
  }
}

/**
 * Checks that the database can be written; changes nothing. `BEGIN IMMEDIATE` neither fails nor locks on a read-only
 * file.
 * @throws if the file is read-only
 */
export function requireWritable(db: Database): void {
  db.run('DELETE FROM schema_migrations WHERE version = 0')
}

/** @throws if the file cannot be read as a database */
export function historyOf(path: string): History {
  if (!existsSync(path)) return NO_HISTORY
  let db: Database | undefined
  try {
    db = new Database(path, { readonly: true })
    db.run(`PRAGMA busy_timeout = ${OPENING_MS}`)
    const names = appliedMigrations(db).map(({ name }) => name)
    const [lastOpenedBy, encryptionKeyId] = [metaValue(db, VERSION_KEY), metaValue(db, ENCRYPTION_KEY_ID_KEY)]
    return { exists: true, migrations: names, lastOpenedBy, encryptionKeyId }
  } catch (error) {
    throw new Error(`${path} cannot be read as a database: ${openingProblem(path, error)}`)
  } finally {
    db?.close()
  }
}

function metaValue(db: Database, key: string): string | undefined {
  if (!hasTable(db, 'meta')) return undefined
  return (db.query('SELECT value FROM meta WHERE key = ?').get(key) as { value: string } | null)?.value
}

const hasTable = (db: Database, name: string) =>
  db.query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(name) !== null

function appliedMigrations(db: Database): Applied[] {
  return hasTable(db, 'schema_migrations')
    ? (db.query('SELECT version, name, sha256 FROM schema_migrations ORDER BY version').all() as Applied[])
    : []
}
