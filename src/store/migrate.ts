/** Brings a database to the schema of this executable: forward only, all or nothing. */
import { Database } from 'bun:sqlite'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { Migration } from '../../migrations'

interface Applied {
  version: number
  name: string
  sha256: string
}

export interface MigrateOptions {
  /** Called once before an existing database is changed, with the number of migrations it has. */
  snapshot(version: number): void
  /** Unix milliseconds. */
  now: number
}

/**
 * Applies what is missing in one transaction, which also keeps a second starter out.
 * @returns the names of the migrations applied
 * @throws where the database is newer than this executable, was changed by an edited migration, or a migration fails;
 *   it is then as it was before
 */
export function migrate(db: Database, migrations: readonly Migration[], { snapshot, now }: MigrateOptions): string[] {
  const before = appliedMigrations(db)
  if (before.length > 0 && before.length < migrations.length) snapshot(before.length)
  // Inside a transaction this pragma does nothing, and with it on, rebuilding a table deletes the rows that refer to it.
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
    // Only after a change: it reads the whole database.
    if (pending.length > 0 && db.query('PRAGMA foreign_key_check').all().length > 0)
      throw new Error('a migration left rows that refer to missing ones')
    db.run('COMMIT')
    return pending.map(({ name }) => name)
  } catch (error) {
    db.run('ROLLBACK')
    throw error
  } finally {
    db.run('PRAGMA foreign_keys = ON')
  }
}

/** How far a database file is, without changing it: the names of its migrations, none where there is no file. */
export function migrationsIn(path: string): string[] {
  if (!existsSync(path)) return []
  const db = new Database(path, { readonly: true })
  try {
    return appliedMigrations(db).map(({ name }) => name)
  } finally {
    db.close()
  }
}

function appliedMigrations(db: Database): Applied[] {
  const exists = db.query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'").get()
  return exists
    ? (db.query('SELECT version, name, sha256 FROM schema_migrations ORDER BY version').all() as Applied[])
    : []
}

function checkHistory(applied: Applied[], migrations: readonly Migration[]): void {
  if (applied.length > migrations.length)
    throw new Error(
      `the database is newer than this executable: it has migration ${applied.at(-1)?.name}, which is unknown here; start the newer executable`,
    )
  for (const [index, { name, sha256: hash }] of applied.entries()) {
    const known = migrations[index]
    if (known?.name !== name || sha256(known.sql) !== hash)
      throw new Error(
        `migration ${name} of the database is not the one this executable carries; it comes from another build`,
      )
  }
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
