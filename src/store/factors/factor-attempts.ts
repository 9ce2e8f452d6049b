/** Wrong guesses at second factors: counted before they are checked, for each network. */
import { and, eq, sql } from 'drizzle-orm'
import { runGuarded, type Tx, write } from '../engine'
import { columnsOf, statement } from '../query'
import { mfaAttempts } from '../schema'
import { networkOf } from '../statements'

const attemptsOf = statement({ userId: mfaAttempts.userId, network: mfaAttempts.network }, (db, { userId, network }) =>
  db
    .select()
    .from(mfaAttempts)
    .where(and(eq(mfaAttempts.userId, userId), eq(mfaAttempts.network, network))),
)
const saveAttempts = statement(
  { attemptsBefore: mfaAttempts.attempts, sinceBefore: mfaAttempts.since, ...columnsOf(mfaAttempts) },
  (db, { attemptsBefore, sinceBefore, ...row }) =>
    db
      .insert(mfaAttempts)
      .values(row)
      .onConflictDoUpdate({
        target: [mfaAttempts.userId, mfaAttempts.network],
        set: { attempts: sql`excluded.attempts`, since: sql`excluded.since` },
        setWhere: and(eq(mfaAttempts.attempts, attemptsBefore), eq(mfaAttempts.since, sinceBefore)),
      }),
)
const deleteAttempts = statement(
  { userId: mfaAttempts.userId, network: mfaAttempts.network },
  (db, { userId, network }) =>
    db.delete(mfaAttempts).where(and(eq(mfaAttempts.userId, userId), eq(mfaAttempts.network, network))),
)
const deleteAllAttempts = statement({ userId: mfaAttempts.userId }, (db, { userId }) =>
  db.delete(mfaAttempts).where(eq(mfaAttempts.userId, userId)),
)

/** All networks from which no factor was passed recently: their attempts count together. */
const UNKNOWN_NETWORK = ''

/** Attempts allowed at once, and how long they count; each further batch counts longer by as much, up to a maximum. */
export interface AttemptLimit {
  max: number
  windowMs: number
  maxWindowMs: number
}

export interface Attempt {
  userId: string
  network: string | undefined
  now: number
  /** A network from which a factor was passed since then has its own budget, which others cannot exhaust. */
  knownSince: number
  limit: AttemptLimit
}

/** The counter of a guess, and its start time before the guess. */
export interface CountedAttempt {
  userId: string
  network: string
  since: number
}

/** Counts an attempt at a user's factors before it is checked. @returns how long to wait; 0 if it may be checked */
export const countFactorAttempt = write(
  async (
    tx,
    { userId, network: from, knownSince, limit, now }: Attempt,
  ): Promise<{ waitMs: number; counted: CountedAttempt }> => {
    const known = from === undefined ? undefined : await tx.one(networkOf, { userId, network: from })
    const network = known && (known.passedFactorAt ?? 0) > knownSince ? known.network : UNKNOWN_NETWORK
    const stored = await tx.one(attemptsOf, { userId, network })
    const attempts = stored?.attempts ?? 0
    // A start in the future (a wrong clock, src/lib/time.ts) becomes now, so that the wait is neither lost nor extended.
    const since = Math.min(stored?.since ?? now, now)
    const counted = { userId, network, since }
    const rounds = attempts / limit.max
    const isUsedUp = rounds >= 1 && Number.isInteger(rounds)
    const waitMs = isUsedUp ? since + Math.min(limit.windowMs * rounds, limit.maxWindowMs) - now : 0
    if (waitMs > 0) {
      if (since !== stored?.since) await saveCount(tx, stored, { ...counted, attempts })
      return { waitMs, counted }
    }
    await saveCount(tx, stored, { userId, network, attempts: attempts + 1, since: isUsedUp ? now : since })
    return { waitMs: 0, counted }
  },
)

/** Refunds a guess that was not checked after all; an expired wait is not restored. */
export const refundFactorAttempt = write(
  async (tx, { limit, ...counted }: CountedAttempt & { limit: AttemptLimit }): Promise<void> => {
    const stored = await tx.one(attemptsOf, counted)
    if (!stored || stored.attempts === 0) return
    const attempts = stored.attempts - 1
    const since = attempts % limit.max === 0 ? counted.since : stored.since
    await saveCount(tx, stored, { ...counted, attempts, since })
  },
)

/** Deletes the attempts of the network where the last one was counted. */
export async function forgetAttempts(tx: Tx, userId: string, network: string | undefined): Promise<void> {
  const own = network === undefined ? 0 : await tx.run(deleteAttempts, { userId, network })
  if (own === 0) await tx.run(deleteAttempts, { userId, network: UNKNOWN_NETWORK })
}

export async function clearAttempts(tx: Tx, userId: string): Promise<void> {
  await tx.run(deleteAllAttempts, { userId })
}

type Count = typeof mfaAttempts.$inferSelect

/** @param before as it was read @throws {Conflict} if another attempt was counted since */
async function saveCount(tx: Tx, before: Count | undefined, after: Count): Promise<void> {
  // No counter has these values.
  const { attempts: attemptsBefore, since: sinceBefore } = before ?? { attempts: -1, since: -1 }
  await runGuarded(tx, saveAttempts, { attemptsBefore, sinceBefore, ...after })
}
