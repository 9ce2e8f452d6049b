import { Database } from 'bun:sqlite'

/** The version of SQLite in this executable. */
export function sqliteVersion(): string {
  const db = new Database(':memory:')
  const { version } = db.query('SELECT sqlite_version() AS version').get() as { version: string }
  db.close()
  return version
}
