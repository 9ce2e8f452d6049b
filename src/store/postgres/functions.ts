/** Calls functions that the operator made in the database. */
import type { SQL } from 'bun'
import type { FunctionName } from '../../lib/function-uri'
import { connect } from './connect'
import { isOfConnection, unavailableFor } from './errors'
import { giveBack } from './pool'

export interface FunctionCall extends FunctionName {
  /** Its only argument, json or jsonb. */
  argument: object
  statementTimeoutMs: number
  /** Of the whole call, with waiting for a connection. */
  timeoutMs: number
  /** Maximum bytes of the answer. */
  maxBytes: number
}

export type FunctionResult =
  /** `body`: text of its answer; empty for NULL. */
  | { outcome: 'answered'; body: string }
  | { outcome: 'too_large' }
  | { outcome: 'timed_out' }
  /** `error`: for the log; without data of the call. */
  | { outcome: 'failed'; error: string }

export interface Functions {
  /** Calls one, in a transaction of its own. @throws {Unavailable} if the database is away */
  call(call: FunctionCall): Promise<FunctionResult>
  close(): Promise<void>
}

/** As long as a function usually may take. */
const CLOSE_SECONDS = 2
/** Postgres ends a call at its time-out. If no answer has come so long after it, the network is gone. */
const SILENCE_MS = 2000

/**
 * Connections for functions, apart from those of the store, so that slow functions do not hold up everything else. They
 * have the settings of the role, and are made at the first call.
 * @param url of a Postgres database
 */
export function openFunctions(url: string, { maxConnections }: { maxConnections: number }): Functions {
  let current = connect(url, { maxConnections })
  const end = (pool: SQL) => pool.close({ timeout: CLOSE_SECONDS })
  /** Its connections may all be gone without having said so; calls that still answer may end. */
  const replace = (silent: SQL) => {
    if (silent !== current) return
    current = connect(url, { maxConnections })
    end(silent).catch(() => {})
  }
  return { call: (call) => callWithin(current, call, replace), close: () => end(current) }
}

function callWithin(pool: SQL, call: FunctionCall, onSilence: (pool: SQL) => void): Promise<FunctionResult> {
  const { promise, resolve, reject } = Promise.withResolvers<FunctionResult>()
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    resolve({ outcome: 'timed_out' })
  }, call.timeoutMs)
  // A call whose caller has given up while it waited for a connection is not made.
  const made = async () => {
    const connection = await pool.reserve()
    const silence = setTimeout(() => onSilence(pool), call.statementTimeoutMs + SILENCE_MS).unref()
    try {
      return isLate ? undefined : await connection.begin((transaction) => callIn(transaction, call))
    } finally {
      clearTimeout(silence)
      await giveBack(connection)
    }
  }
  made()
    .then(
      (result) => resolve(result ?? { outcome: 'timed_out' }),
      (error: unknown) => {
        const unavailable = isOfConnection(error) ? unavailableFor(error) : undefined
        if (unavailable) reject(unavailable)
        else resolve({ outcome: 'failed', error: described(error) })
      },
    )
    .finally(() => clearTimeout(timer))
  return promise
}

async function callIn(
  transaction: Pick<SQL, 'unsafe'>,
  { schema, name, argument, statementTimeoutMs, maxBytes }: FunctionCall,
): Promise<FunctionResult> {
  await transaction.unsafe(`SET LOCAL statement_timeout = ${statementTimeoutMs}`)
  // MATERIALIZED: the function is called once. Its parameter has no type here, because it may be json or jsonb.
  const text = `WITH called AS MATERIALIZED (SELECT "${schema}"."${name}"($1)::text AS answer)
    SELECT octet_length(answer) > ${maxBytes} AS "isTooLarge",
      CASE WHEN octet_length(answer) <= ${maxBytes} THEN answer END AS answer FROM called`
  const [row] = await transaction.unsafe<[{ isTooLarge: boolean; answer: string | null }?]>(text, [argument])
  return row?.isTooLarge ? { outcome: 'too_large' } : { outcome: 'answered', body: row?.answer ?? '' }
}

/** Errors whose message contains names and not data: wrong or missing objects, missing rights, time-outs. */
const WITHOUT_DATA = /^(3F|42|57)/

/** The payload contains codes and tokens, so a message that may repeat it is left to the log of Postgres. */
function described(error: unknown): string {
  const { errno: state, message } = error as { errno?: unknown; message: string }
  if (typeof state !== 'string' || WITHOUT_DATA.test(state)) return message
  return `SQLSTATE ${state}; the log of Postgres has the message`
}
