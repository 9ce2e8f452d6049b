/** Checks the integrity of the database file. */
import { Database } from 'bun:sqlite'
import { OPENING_MS } from './connections'
import { openingProblem } from './opening-problem'

interface Tree {
  type: 'table' | 'index'
  name: string
  tbl_name: string
  sql: string | null
}

/**
 * Reads the root page of every table and index, where each query starts.
 * @throws if one cannot be read or is damaged
 */
export function readRoots(db: Database): void {
  const trees = db
    .query("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE type IN ('table', 'index') AND rootpage > 0")
    .all() as Tree[]
  for (const tree of trees) {
    const root = db.prepare(rootQuery(tree))
    try {
      root.get()
    } finally {
      root.finalize()
    }
  }
}

function rootQuery({ type, name, tbl_name: table, sql }: Tree): string {
  if (type === 'table') return `SELECT 1 FROM "${name}" NOT INDEXED LIMIT 1`
  // A partial index is used only for a query that implies its condition.
  const condition = /\sWHERE\s(.*)$/is.exec(sql ?? '')?.[1]
  return `SELECT 1 FROM "${table}" INDEXED BY "${name}"${condition ? ` WHERE ${condition}` : ''} LIMIT 1`
}

/**
 * Reads a whole database file.
 * @param check `integrity_check` also compares indexes with their tables
 * @returns the damage, in one line; undefined if there is none
 */
export function damageOf(path: string, check: 'quick_check' | 'integrity_check' = 'quick_check'): string | undefined {
  let db: Database | undefined
  try {
    db = new Database(path, { readonly: true })
    db.run(`PRAGMA busy_timeout = ${OPENING_MS}`)
    const [first, ...more] = problemsOf(db, `PRAGMA ${check}(100)`)
    if (first === undefined) return undefined
    return `it is damaged: ${first}${more.length > 0 ? ` (and ${more.length} more like this)` : ''}; restore a backup of it`
  } catch (error) {
    return openingProblem(path, error)
  } finally {
    db?.close()
  }
}

/** A quick check of an open database, one table per step, so that other work can run in between. */
export function* quickCheckByTable(db: Database): Generator<string[]> {
  const tables = db.query("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as { name: string }[]
  for (const { name } of tables) yield problemsOf(db, `PRAGMA quick_check('${name}')`)
}

function problemsOf(db: Database, pragma: string): string[] {
  const check = db.prepare(pragma)
  try {
    return (check.all() as object[]).map((row) => String(Object.values(row)[0])).filter((line) => line !== 'ok')
  } finally {
    check.finalize()
  }
}
