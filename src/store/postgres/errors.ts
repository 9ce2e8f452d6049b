/**
 * Classifies errors of Postgres by their SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html), and
 * errors of Bun's client, which have none, by their code.
 */
import { RejectedByDatabase } from '../../lib/rejected-by-database'
import { type FailureKind, Unavailable } from '../../lib/unavailable'
import { Conflict } from '../engine'

/** As Bun's client throws it. */
interface ClientError extends Error {
  code?: unknown
  /** The SQLSTATE, if the error comes from Postgres. */
  errno?: unknown
  /** The SQL that failed. */
  statement?: string
  /** The function of Postgres's source that reported it. */
  routine?: unknown
  /** The functions in which it occurred. */
  where?: unknown
}

/** The SQLSTATE; empty for an error of another kind, such as a lost connection. */
export function stateOf(error: unknown): string {
  const { errno } = error as ClientError
  return typeof errno === 'string' ? errno : ''
}

/** For example `CONNECTION_CLOSED`, or `DEPTH_ZERO_SELF_SIGNED_CERT` and `ENOENT` of the layers below. */
function clientCodeOf(error: unknown): string {
  const { code } = error as ClientError
  return typeof code === 'string' ? code.replace(/^ERR_(POSTGRES_)?/, '') : ''
}

/** serialization_failure and deadlock_detected: the transaction was rolled back and can be run again. */
export const isSerializationFailure = (error: unknown): boolean => ['40001', '40P01'].includes(stateOf(error))

/**
 * feature_not_supported, because a statement was prepared before a newer executable replaced a view that it reads. Nothing
 * has been done, and a new connection prepares it again. The message is translated, the routine is not.
 */
export const isPlanOutdated = (error: unknown): boolean =>
  stateOf(error) === '0A000' && (error as ClientError).routine === 'RevalidateCachedQuery'

/** in_failed_sql_transaction: a query of the transaction failed before; of queries sent together, this one may be seen first. */
export const isTransactionAborted = (error: unknown): boolean => stateOf(error) === '25P02'

/** unique_violation. */
export const isUniqueViolation = (error: unknown): boolean => stateOf(error) === '23505'

/**
 * An established connection ended: by the other side (admin_shutdown, crash_shutdown, or a session that was idle for too
 * long) or in between. What it was asked for may or may not have happened.
 */
export const isConnectionLost = (error: unknown): boolean =>
  ['57P01', '57P02', '57P05', '25P03', '08003', '08006'].includes(stateOf(error)) ||
  ['CONNECTION_CLOSED', 'IDLE_TIMEOUT', 'LIFETIME_TIMEOUT'].includes(clientCodeOf(error))

/**
 * There is no connection, or Postgres ended it, perhaps in a function that it ran. What functions raise themselves does
 * not count: any SQLSTATE but admin_shutdown and its like.
 */
export const isOfConnection = (error: unknown): boolean =>
  /^(57P0[1-3])?$/.test(stateOf(error)) || (/^(08|28|53300)/.test(stateOf(error)) && !isFromFunction(error))

/** Whether Postgres has reported that it rolled the transaction back, as opposed to a lost answer. */
export const isRolledBack = (error: unknown): boolean => stateOf(error) !== '' && !isConnectionLost(error)

const KINDS: Record<string, FailureKind> = {
  '25006': 'read_only',
  '40001': 'conflicts',
  '40P01': 'conflicts',
  '53100': 'disk_full',
  '53300': 'no_connection',
  '55P03': 'too_slow',
  '57014': 'too_slow',
  '3D000': 'login_refused',
}

/** By the class: the first two characters. */
const KINDS_OF_CLASSES: Record<string, FailureKind> = {
  '08': 'unreachable',
  28: 'login_refused',
  53: 'out_of_memory',
  57: 'unreachable',
  58: 'disk_failing',
}

/** @returns undefined if the error is not environmental */
export function unavailableFor(error: unknown): Unavailable | undefined {
  if (error instanceof Unavailable) return error
  if (error instanceof Conflict) return new Unavailable('conflicts', error)
  const kind = kindOf(error)
  return kind && new Unavailable(kind, error)
}

function kindOf(error: unknown): FailureKind | undefined {
  const state = stateOf(error)
  const code = clientCodeOf(error)
  // feature_not_supported: SERIALIZABLE on a standby
  if (state === '0A000' && !isFromFunction(error) && !isPlanOutdated(error)) return 'read_only'
  // The server breaks connections on purpose if a transaction stays open without a query.
  if (state === '25P03') return 'too_slow'
  if (state !== '') return KINDS[state] ?? KINDS_OF_CLASSES[state.slice(0, 2)]
  if (code.includes('AUTHENTICATION') || code.startsWith('SASL')) return 'login_refused'
  return /^(CONNECTION_|IDLE_|LIFETIME_|TLS_|E[A-Z]+$)|CERT/.test(code) ? 'unreachable' : undefined
}

/** undefined_table, invalid_schema_name, data_corrupted, index_corrupted. */
const DAMAGE = ['42P01', '3F000', 'XX001', 'XX002']

/** Whether tables are missing or unreadable; a function of the operator may lack some, too. */
export const isDamage = (error: unknown): boolean => DAMAGE.includes(stateOf(error)) && !isFromFunction(error)

/** Triggers are functions. Ours do not fail. */
const isFromFunction = (error: unknown): boolean => / function /.test(` ${(error as ClientError).where ?? ''}`)

/**
 * What a trigger of the operator raised: RAISE, with any SQLSTATE, or an error in it. Constraints (class 23) of their
 * tables refer to ours.
 */
export function rejectionIn(error: unknown): RejectedByDatabase | undefined {
  const state = stateOf(error)
  const isRaised = /^(P0|PT|23)/.test(state) || (state !== '' && isFromFunction(error))
  const { statement = '' } = error as ClientError
  return isRaised
    ? new RejectedByDatabase(state, error as Error, statement.includes('insert into "auth"."users"'))
    : undefined
}

/** With the SQLSTATE or the code, since messages are translated. */
export function textOf(error: unknown): string {
  const code = stateOf(error) || clientCodeOf(error)
  const text = error instanceof Error ? error.message : String(error)
  return code === '' ? text : `${code}: ${text}`
}
