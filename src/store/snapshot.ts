/** Copies of the database file, made before a migration changes it. */
import { Database } from 'bun:sqlite'
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** How many copies are kept; each is as large as the database was. */
const KEPT = 3

/**
 * Puts a copy into `snapshots/` beside the database and forgets those of the oldest schemas. One of the same schema is
 * replaced, so that a start that fails over and over does not push the others out.
 * @param version of the schema, as the number of migrations applied
 */
export function snapshot(path: string, version: number): void {
  const folder = join(dirname(path), 'snapshots')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const name = `schema-${String(version).padStart(4, '0')}.db`
  const unfinished = join(folder, `${name}.new`)
  rmSync(unfinished, { force: true })
  const db = new Database(path)
  db.query('VACUUM INTO ?').run(unfinished)
  db.close()
  renameSync(unfinished, join(folder, name))
  const old = readdirSync(folder)
    .filter((each) => each.endsWith('.db'))
    .sort()
    .slice(0, -KEPT)
  for (const each of old) rmSync(join(folder, each))
}
