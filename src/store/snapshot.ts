/** Copies of the database file, made before a migration changes it. */
import { Database } from 'bun:sqlite'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** How many copies are kept; each is as large as the database was. */
const KEPT = 3

/**
 * Puts a copy into `snapshots/` beside the database and forgets the oldest ones.
 * @param version of the schema, as the number of migrations applied @param now Unix milliseconds
 */
export function snapshot(path: string, version: number, now: number): void {
  const folder = join(dirname(path), 'snapshots')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const stamp = new Date(now).toISOString().replaceAll(':', '-')
  const db = new Database(path)
  db.query('VACUUM INTO ?').run(join(folder, `${stamp}-schema-${version}.db`))
  db.close()
  const old = readdirSync(folder)
    .filter((name) => name.endsWith('.db'))
    .sort()
    .slice(0, -KEPT)
  for (const name of old) rmSync(join(folder, name))
}
