/** Snapshots of the database file, taken before a migration. */
import { Database } from 'bun:sqlite'
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** How many snapshots are kept; each is as large as the database was. */
const MAX_SNAPSHOTS = 3

/**
 * Writes a snapshot to `snapshots/` next to the database and deletes the snapshots of the oldest schemas. A snapshot of
 * the same schema is replaced, so that repeated failing starts do not evict the others.
 * @param version of the schema: the number of applied migrations
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
    .slice(0, -MAX_SNAPSHOTS)
  for (const each of old) rmSync(join(folder, each))
}
