/** The two connections to a database file: a writer and a reader. */
import { Database } from 'bun:sqlite'
import type { Queries } from '../engine'
import type { Statement } from '../query'
import { type Prepared, prepare } from './prepared'

/** The write-ahead log is truncated beyond this size in bytes, once nothing reads from it. */
export const LOG_LIMIT_BYTES = 16 * 1024 * 1024

/** How long opening waits for another process's lock; no requests are served yet. */
export const OPENING_MS = 5000

export interface OpenOptions {
  /** Whether a missing file is created. */
  create?: boolean
  /** How long a statement may block the process for another process's lock; 0 while requests are served. */
  busyMs?: number
}

export function openDatabase(path: string, { create = true, busyMs = OPENING_MS }: OpenOptions = {}): Database {
  const db = new Database(path, create ? { create, strict: true } : { readwrite: true, strict: true })
  try {
    db.run(`PRAGMA busy_timeout = ${busyMs}`)
    // Temporary data is kept in memory, so that no other folder has to be writable.
    db.run('PRAGMA temp_store = MEMORY')
    db.run('PRAGMA journal_mode = WAL')
    // With less than FULL, a power cut could lose commits that were already acknowledged.
    db.run('PRAGMA synchronous = FULL')
    db.run('PRAGMA foreign_keys = ON')
    db.run('PRAGMA cache_size = -32768')
    db.run(`PRAGMA journal_size_limit = ${LOG_LIMIT_BYTES}`)
  } catch (error) {
    db.close()
    throw error
  }
  return db
}

export interface Connections {
  writer: Database
  reader: Database
  view: View
  reading: Queries
  writing: Queries
  /** Runs a transaction command on the writer. */
  run(command: Command): void
  close(): void
}

const COMMANDS = ['BEGIN IMMEDIATE', 'COMMIT', 'SAVEPOINT job', 'RELEASE job', 'ROLLBACK TO job'] as const
type Command = (typeof COMMANDS)[number]

/** @param writer owned by the connections from then on */
export function connect(writer: Database): Connections {
  writer.run('PRAGMA busy_timeout = 0')
  const reader = openDatabase(writer.filename, { create: false, busyMs: 0 })
  reader.run('PRAGMA query_only = ON')
  const view = sharedView(reader)
  const commands = new Map(COMMANDS.map((sql) => [sql, writer.query(sql)]))
  return {
    writer,
    reader,
    view,
    reading: queries(reader, view.open),
    writing: queries(writer),
    run: (command) => void commands.get(command)?.run(),
    close() {
      view.close()
      // No ANALYZE and no PRAGMA optimize: statistics from when a table was small make the planner scan it later.
      for (const database of [reader, writer]) closeFully(database)
    },
  }
}

/** A plain `close` keeps the file open while a prepared statement is still in memory. */
function closeFully(database: Database): void {
  try {
    database.close(true)
  } catch {
    ignoreErrors(() => database.close())
  }
}

export interface View {
  open(): void
  close(): void
}

/**
 * One read transaction for all reads in a turn of the event loop: otherwise each read would lock and unlock the file,
 * which costs more than most reads. Closing it never throws: nothing in it can be lost.
 */
function sharedView(reader: Database): View {
  const [begin, commit] = [reader.query('BEGIN'), reader.query('COMMIT')]
  let isClosing = false
  const close = () => {
    isClosing = false
    ignoreErrors(() => reader.inTransaction && commit.run())
    ignoreErrors(() => reader.inTransaction && reader.run('ROLLBACK'))
  }
  return {
    open() {
      // An error may have ended it early.
      if (reader.inTransaction) return
      begin.run()
      if (!isClosing) setImmediate(close)
      isClosing = true
    },
    close,
  }
}

/** For cleanup after an error, which must not replace that error. */
export function ignoreErrors(work: () => unknown): void {
  try {
    work()
  } catch {}
}

/** @param beforeQuery called before each query */
function queries(database: Database, beforeQuery: () => void = () => {}): Queries {
  const prepared: Prepared[] = []
  const of = ({ index, query }: Pick<Statement<never, unknown>, 'index' | 'query'>) => {
    beforeQuery()
    prepared[index] ??= prepare(database, query())
    return prepared[index]
  }
  // Rows have the type that the statement carries.
  return {
    isRemote: false,
    one: async (statement, ...[values]) => of(statement).one(values) as never,
    all: async (statement, ...[values]) => of(statement).all(values) as never,
    run: async (statement, ...[values]) => of(statement).run(values),
  }
}
