/**
 * Events of accounts: operations note which rows they change, and before they end, the events of these changes are queued
 * in the same transaction. While no events are wanted, nothing is noted. Rows say more than the audit log, whose names are
 * GoTrue's: there, a ban, a password and metadata are one action, and a sign-out by a new password is none.
 */
import { eq } from 'drizzle-orm'
import type { Account, AccountChange } from './account'
import { modeOf, type Operation, type Tx } from './engine'
import { type NewEvent, queueEvents } from './events'
import { statement } from './query'
import { sessions } from './schema'

/**
 * The events that are wanted of changes.
 * @param changes those of one account in one transaction, in their order
 * @returns makes the events of the account as it is after them, or was before its deletion; undefined if there are none
 */
export type EventsOf = (changes: readonly AccountChange[]) => ((account: Account) => NewEvent[]) | undefined

/** Loads an account. @returns undefined if there is none */
type Load = (tx: Tx, userId: string) => Promise<Account | undefined>

type Operations = Record<string, Operation<never, unknown>>

/** The same operations, which queue the events of what they change. */
export function withEvents<Given extends Operations>(operations: Given, eventsOf: EventsOf, load: Load): Given {
  const wrapped = Object.entries(operations).map(([name, operation]) => [name, noting(operation, eventsOf, load)])
  return Object.fromEntries(wrapped) as Given
}

function noting<Input, Outcome>(
  operation: Operation<Input, Outcome>,
  eventsOf: EventsOf,
  load: Load,
): Operation<Input, Outcome> {
  if (operation.mode === 'read') return operation
  const run = async (tx: Tx, input: Input): Promise<Outcome> => {
    if (modeOf(operation, input) === 'read') return operation(tx, input)
    const changes: AccountChange[] = []
    const outcome = await operation({ ...tx, changes }, input)
    for (const userId of new Set(changes.map((change) => change.userId))) {
      const own = changes.filter((change) => change.userId === userId)
      const make = eventsOf(own)
      const deletion = own.find((change) => change.kind === 'deleted')
      const account = make && (deletion?.account ?? (await load(tx, userId)))
      if (account) await queueEvents(tx, make(account))
    }
    return outcome
  }
  return Object.assign(run, { mode: operation.mode })
}

const sessionIdsOf = statement({ userId: sessions.userId }, (db, { userId }) =>
  db.select({ id: sessions.id }).from(sessions).where(eq(sessions.userId, userId)),
)

/** Notes which sessions of a user some work ends. */
export async function notingEndedSessions<T>(tx: Tx, userId: string, work: () => Promise<T>): Promise<T> {
  if (!tx.changes) return work()
  const before = await tx.all(sessionIdsOf, { userId })
  const result = await work()
  const left = new Set((await tx.all(sessionIdsOf, { userId })).map(({ id }) => id))
  const sessionIds = before.map(({ id }) => id).filter((id) => !left.has(id))
  if (sessionIds.length > 0) tx.changes.push({ kind: 'sessions_ended', userId, sessionIds })
  return result
}
