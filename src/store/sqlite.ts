/**
 * The engine on SQLite. Writes that arrive together share one commit, and so one wait for the disk: `BEGIN IMMEDIATE`,
 * a savepoint for each, `COMMIT`. An operation that throws is undone alone; a commit that fails fails all of its batch.
 */
import { Database } from 'bun:sqlite'
import { drizzle } from 'drizzle-orm/bun-sqlite'
import type { Announced, Engine, Queries, Statement, Tx } from './engine'
import type { VerificationBackend } from './verification/backend'

/** More than this many operations would hold the event loop too long at once. */
const MAX_BATCH = 256

/** How long a statement waits for another process that holds the file, such as a backup tool. */
const BUSY_TIMEOUT_MS = 5000

export function openDatabase(path: string): Database {
  const db = new Database(path, { create: true, strict: true })
  db.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
  db.run('PRAGMA journal_mode = WAL')
  // With less than FULL, a power cut could take back commits that were already answered.
  db.run('PRAGMA synchronous = FULL')
  db.run('PRAGMA foreign_keys = ON')
  db.run('PRAGMA cache_size = -32768')
  return db
}

interface Job {
  operation(tx: Tx): Promise<unknown>
  resolve(value: unknown): void
  reject(error: unknown): void
}

export interface EngineOptions {
  /** The backend of verification tokens, as a connection uses it. */
  tokensOf(queries: Queries): VerificationBackend
  onEvent(event: Announced): void
}

/** @param writer a migrated database, which the engine owns from here on */
export function sqliteEngine(writer: Database, { tokensOf, onEvent }: EngineOptions): Engine {
  const reader = openDatabase(writer.filename)
  reader.run('PRAGMA query_only = ON')
  const view = sharedView(reader)
  const readQueries = connection(reader, view.open)
  const reading: Tx = { ...readQueries, tokens: tokensOf(readQueries), announce() {} }
  const writeQueries = connection(writer)
  /** Of the operation that runs at the moment. */
  let announced: Announced[] = []
  let committed: Announced[] = []
  const writing: Tx = {
    ...writeQueries,
    tokens: tokensOf(writeQueries),
    announce: (event) => announced.push(event),
  }
  const commands = Object.fromEntries(
    ['BEGIN IMMEDIATE', 'COMMIT', 'SAVEPOINT job', 'RELEASE job', 'ROLLBACK TO job'].map((sql) => [
      sql,
      writer.query(sql),
    ]),
  )
  const run = (sql: string) => commands[sql]?.run()

  let waiting: Job[] = []
  let draining: Promise<void> | undefined

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      // Whatever this turn of the event loop still brings joins the batch.
      await new Promise((resolve) => setImmediate(resolve))
      const batch = waiting.slice(0, MAX_BATCH)
      waiting = waiting.slice(MAX_BATCH)
      await commit(batch)
    }
    draining = undefined
  }

  async function commit(batch: Job[]): Promise<void> {
    const answers: (() => void)[] = []
    try {
      run('BEGIN IMMEDIATE')
      for (const job of batch) answers.push(await attempt(job))
      // Whoever reads from here on sees this commit, and the write-ahead log can be emptied.
      view.close()
      run('COMMIT')
    } catch (error) {
      rollBack()
      for (const job of batch) job.reject(error)
      return
    }
    for (const answer of answers) answer()
    announceAll()
  }

  /** Whoever listens cannot hold up the writes; that it failed is for the listener to tell. */
  function announceAll(): void {
    const events = committed
    committed = []
    for (const event of events) {
      try {
        onEvent(event)
      } catch {}
    }
  }

  /** SQLite has often done so itself by now; a connection that fails even here has nothing left to undo. */
  function rollBack(): void {
    try {
      if (writer.inTransaction) writer.run('ROLLBACK')
    } catch {}
  }

  /** Runs one operation inside the open transaction. @returns how to answer it once the commit is on disk */
  async function attempt(job: Job): Promise<() => void> {
    run('SAVEPOINT job')
    announced = []
    try {
      const value = await job.operation(writing)
      run('RELEASE job')
      const events = announced
      return () => {
        job.resolve(value)
        committed.push(...events)
      }
    } catch (error) {
      run('ROLLBACK TO job')
      run('RELEASE job')
      return () => job.reject(error)
    }
  }

  return {
    read: (operation) => operation(reading),
    write: <T>(operation: (tx: Tx) => Promise<T>) =>
      new Promise<T>((resolve, reject) => {
        waiting.push({ operation, resolve: resolve as (value: unknown) => void, reject })
        draining ??= drain()
      }),
    async close() {
      await draining
      view.close()
      reader.close()
      // No ANALYZE and no PRAGMA optimize, ever: figures taken while a table was small make the planner scan it later.
      writer.close()
    },
  }
}

/**
 * One read transaction for all reads of a turn of the event loop: each would otherwise lock and unlock the file, which
 * costs more than most of them.
 */
function sharedView(reader: Database): { open(): void; close(): void } {
  const [begin, commit] = [reader.query('BEGIN'), reader.query('COMMIT')]
  let isOpen = false
  const close = () => {
    if (isOpen) commit.run()
    isOpen = false
  }
  return {
    open() {
      if (isOpen) return
      begin.run()
      isOpen = true
      setImmediate(close)
    },
    close,
  }
}

/** @param beforeQuery called before each query */
function connection(database: Database, beforeQuery: () => void = () => {}): Queries {
  const db = drizzle({ client: database })
  const prepared: ReturnType<Statement<unknown>['build']>[] = []
  const of = ({ index, build }: Statement<unknown>) => {
    beforeQuery()
    prepared[index] ??= build(db)
    return prepared[index]
  }
  return {
    one: async <Row>(statement: Statement<Row>, values?: Record<string, unknown>) =>
      of(statement).get(values) as Row | undefined,
    all: async <Row>(statement: Statement<Row>, values?: Record<string, unknown>) => of(statement).all(values) as Row[],
    run: async (statement, values) => {
      const result = of(statement).run(values) as { changes: number } | undefined
      return result?.changes ?? 0
    },
  }
}
