/**
 * How operations access the database, whichever it is. An operation is one transaction: a plain async function of a `Tx`
 * and its input that awaits only queries and changes nothing else, so it can be run again from the start. Reads run
 * immediately and see committed data. Writes resolve after the commit that puts them on disk.
 */
import type { FailureKind } from '../lib/unavailable'
import type { AccountChange } from './account'
import type { AuditEntry } from './audit-entry'
import type { Budgets } from './budgets'
import type { Statement } from './query'
import type { CountKind, Message, Session, User } from './schema'
import type { Journal, VerificationBackend } from './verification/backend'

/** One connection. */
export interface Queries {
  /** Whether a query is a round trip to another process, so that one that joins two tables costs less than two. */
  isRemote: boolean
  one<Values extends object, Row>(statement: Statement<Values, Row>, ...values: Given<Values>): Promise<Row | undefined>
  all<Values extends object, Row>(statement: Statement<Values, Row>, ...values: Given<Values>): Promise<Row[]>
  /** @returns how many rows changed */
  run<Values extends object>(statement: Statement<Values, unknown>, ...values: Given<Values>): Promise<number>
}

/** The parameters of a statement, if it has any. */
export type Given<Values> = keyof Values extends never ? [] : [values: NoInfer<Values>]

/** A transaction, as an operation sees it. */
export interface Tx extends Queries {
  tokens: VerificationBackend
  /** Emits an event once the transaction is on disk. */
  emit(event: StoreEvent): void
  /** What the operation has changed; undefined if no events are wanted of it. */
  changes?: AccountChange[]
}

/**
 * Thrown if another transaction has changed data that an operation has read. The engine rolls the operation back and
 * runs it again from the start, so it must not change anything but the database and `tx`.
 */
export class Conflict extends Error {
  override name = 'Conflict'
}

/** How often an operation is run again after a conflict. */
export const MAX_RERUNS = 20

/**
 * Writes one row whose state is checked by the WHERE of the statement, so that it holds with concurrent writers.
 * @throws {Conflict} if no row is in that state any more
 */
export async function runGuarded<Values extends object>(
  tx: Queries,
  statement: Statement<Values, unknown>,
  values: NoInfer<Values>,
): Promise<void> {
  if ((await tx.run(statement, ...([values] as unknown as Given<Values>))) === 0) throw new Conflict()
}

/**
 * Awaits queries that do not depend on each other, which some engines send at once. When it settles all have finished,
 * also if one of them failed, so that none runs after the transaction.
 * @throws the first failure in time
 */
export async function together<const Work extends readonly unknown[]>(
  ...work: Work
): Promise<{ -readonly [Index in keyof Work]: Awaited<Work[Index]> }> {
  const failures: unknown[] = []
  const results = work.map((each) => Promise.resolve(each).catch((error: unknown) => void failures.push(error)))
  const values = await Promise.all(results)
  // Later ones may only say that the transaction has failed.
  if (failures.length > 0) throw failures[0]
  return values as never
}

/**
 * What happened and is counted, a stored message, a Matrix account to create, a change of the signing keys, or an event to send. If several processes
 * share the database, `queued_mail` says that another one has queued a message; the last four kinds come from all of them.
 */
export type StoreEvent =
  | ({ kind: 'message' } & Pick<Message, 'id' | 'recipient' | 'state'>)
  | { kind: 'counted'; what: CountKind; label: string }
  | { kind: 'matrix_account' | 'signing_keys' | 'queued_mail' | 'queued_event' }

/** A session to be advanced and its user, as they were read, and what is written. */
export interface Advance {
  session: Session
  user: User
  /** Unix milliseconds. */
  now: number
  userAgent: string | null
  ip: string | null
  audit: readonly AuditEntry[]
}

/**
 * Advances the refresh token of a session and appends to the audit log.
 * @returns false, with nothing written, if the counter, assurance level or factor of the session or anything of its user
 * has changed, another transaction is changing the session, or the user is banned or deleted
 */
export type AdvanceSession = (advance: Advance) => Promise<boolean>

export interface Engine {
  read<T>(operation: (tx: Tx) => Promise<T>): Promise<T>
  write<T>(operation: (tx: Tx) => Promise<T>): Promise<T>
  /** A `write` that may see changes of others between its statements; see `guarded`. */
  guarded<T>(operation: (tx: Tx) => Promise<T>): Promise<T>
  /**
   * Writes with `probe`, otherwise reads what every query reads first.
   * @returns the problem; undefined if there is none
   */
  examine(probe: (tx: Tx) => Promise<void>): Promise<DatabaseProblem | undefined>
  /** Undefined if the database is on another machine. */
  space(): Promise<Space | undefined>
  /** Size of the database in bytes; undefined if it is not known. */
  size(): Promise<number | undefined>
  /** Undefined if it does not have a limited number. */
  connections(): ConnectionCounts | undefined
  /** One statement; undefined if a transaction costs no more. */
  advanceSession?: AdvanceSession
  /** Undefined if the database has a single process. */
  shared?: SharedDatabase
  /** Finishes queued writes, then closes the database. */
  close(): Promise<void>
}

/** What the processes on one database (nodes) share, besides its rows. */
export interface SharedDatabase {
  /** @param now the wall clock, in Unix milliseconds */
  budgets(now: () => number): Budgets
  /** Deletes budgets and lost responses that do not count any more. @returns how many */
  removeExpired(now: number): Promise<{ budgets: number; lostResponses: number }>
  lostResponses: LostResponseStore
}

/** Refreshes whose response never reached the client, which may retry at another node. */
export interface LostResponseStore {
  /** @param used lookup id of the rotated token @param made those of its successors @param expiresAt Unix milliseconds */
  remember(used: string, made: readonly string[], expiresAt: number): Promise<void>
  /** Returns and forgets the successors. @returns undefined if there are none, or they have expired */
  take(used: string, now: number): Promise<readonly string[] | undefined>
}

export interface EngineOptions {
  /** The backend of verification tokens on a connection. */
  tokensOf(queries: Queries): VerificationBackend
  /** State outside the database that must be rolled back with a failed transaction. */
  journal?: Journal
  /** Receives events once they are on disk. */
  onEvent(event: StoreEvent): void
  /** For tests: rolls every write back once and runs it again, as after a conflict. */
  runsWritesTwice?: boolean
  /**
   * Called with the problem each time a request fails because of the database, and with undefined once it works again.
   */
  onDatabaseProblem?(condition: DatabaseProblem | undefined): void
}

/** Of transactions that write on Postgres (https://www.postgresql.org/docs/current/transaction-iso.html). */
export type IsolationLevel = 'serializable' | 'repeatable read'

/** A known problem of the database. */
export interface DatabaseProblem {
  kind: FailureKind | 'damaged' | 'clock_differs'
  /** A public description. */
  reason: string
  /** The engine's error message. */
  error: string
}

/** Free space on the disk of the database. */
export interface Space {
  /** Free bytes available to this process; undefined if unknown. */
  freeBytes: number | undefined
  /** Size of the write-ahead log. */
  logBytes: number
}

/** The connections of this process to the database. */
export interface ConnectionCounts {
  max: number
  /** Held by transactions. */
  reserved: number
  /** Transactions that wait for one. */
  waiting: number
}

export interface Operation<Input, Outcome> {
  (tx: Tx, input: Input): Promise<Outcome>
  mode: Mode | ((input: Input) => Mode)
}

export type Mode = 'read' | 'write' | 'guarded'

type Body<Input, Outcome> = (tx: Tx, input: Input) => Promise<Outcome>

export function read<Outcome, Input = void>(body: Body<Input, Outcome>): Operation<Input, Outcome> {
  return Object.assign((tx: Tx, input: Input) => body(tx, input), { mode: 'read' as const })
}

export function write<Outcome, Input = void>(body: Body<Input, Outcome>): Operation<Input, Outcome> {
  return Object.assign((tx: Tx, input: Input) => body(tx, input), { mode: 'write' as const })
}

/**
 * A write that is correct although it may see changes of others between its statements, because each statement states
 * in its WHERE what it depends on, or locks it. For work in the background: isolated from others, it would make their
 * transactions fail and run again (https://www.postgresql.org/docs/current/transaction-iso.html).
 */
export function guarded<Outcome, Input = void>(body: Body<Input, Outcome>): Operation<Input, Outcome> {
  return Object.assign((tx: Tx, input: Input) => body(tx, input), { mode: 'guarded' as const })
}

/** Operations as their callers see them: bound to an engine, one transaction per call. */
export type Bound<Operations> = {
  [Name in keyof Operations]: Operations[Name] extends Operation<infer Input, infer Outcome>
    ? (input: Input) => Promise<Outcome>
    : never
}

export function bind<Operations extends Record<string, Operation<never, unknown>>>(
  engine: Engine,
  operations: Operations,
): Bound<Operations> {
  const bound = Object.entries(operations).map(([name, operation]) => [
    name,
    (input: never) => engine[modeOf(operation, input)]((tx) => operation(tx, input)),
  ])
  return Object.fromEntries(bound) as Bound<Operations>
}

export const modeOf = <Input>({ mode }: Operation<Input, unknown>, input: Input): Mode =>
  typeof mode === 'function' ? mode(input) : mode
