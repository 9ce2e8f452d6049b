/** Copies of the database file: snapshots before a migration, and for backups. */
import { Database } from 'bun:sqlite'
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { OPENING_MS } from './connections'
import { openingProblem } from './opening-problem'

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
  vacuumInto(path, unfinished)
  renameSync(unfinished, join(folder, name))
  const old = readdirSync(folder)
    .filter((each) => each.endsWith('.db'))
    .sort()
    .slice(0, -MAX_SNAPSHOTS)
  for (const each of old) rmSync(join(folder, each))
}

/**
 * Copies a database as it is now, while a server may write to it. The copy is not synced to disk.
 * @param to path of a file that does not exist
 * @throws if the database cannot be read or the copy cannot be written
 */
export function copyDatabase(path: string, to: string): void {
  try {
    vacuumInto(path, to)
  } catch (error) {
    throw new Error(`${path} cannot be copied to ${to}: ${openingProblem(to, error)}`)
  }
}

function vacuumInto(path: string, to: string): void {
  const db = new Database(path)
  try {
    db.run(`PRAGMA busy_timeout = ${OPENING_MS}`)
    db.query('VACUUM INTO ?').run(to)
  } finally {
    db.close()
  }
}
