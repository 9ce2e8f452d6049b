/** Matrix registrations in progress. */
import { and, eq, isNull, sql } from 'drizzle-orm'
import { dueRegistrations, overdueRegistrations } from './due-work'
import { guarded, read, type Tx, write } from './engine'
import { columnsOf, statement } from './query'
import { type MatrixRegistration, matrixRegistrations, type User, users } from './schema'
import { userById } from './statements'

const insertRegistration = statement(columnsOf(matrixRegistrations), (db, p) =>
  db.insert(matrixRegistrations).values(p),
)
const nextDue = statement({}, (db) =>
  db
    .select({ at: sql<number | null>`min(${matrixRegistrations.nextAttemptAt})`.mapWith(Number) })
    .from(matrixRegistrations),
)
const saveRegistration = statement(
  { userId: matrixRegistrations.userId, ...columnsOf(matrixRegistrations, 'userId', 'password') },
  (db, { userId, ...set }) => db.update(matrixRegistrations).set(set).where(eq(matrixRegistrations.userId, userId)),
)
const claimRegistration = statement(
  {
    userId: matrixRegistrations.userId,
    dueAt: matrixRegistrations.nextAttemptAt,
    nextAttemptAt: matrixRegistrations.nextAttemptAt,
  },
  (db, { userId, dueAt, nextAttemptAt }) =>
    db
      .update(matrixRegistrations)
      .set({ nextAttemptAt })
      .where(and(eq(matrixRegistrations.userId, userId), eq(matrixRegistrations.nextAttemptAt, dueAt))),
)
const registrationOf = statement({ userId: matrixRegistrations.userId }, (db, { userId }) =>
  db.select().from(matrixRegistrations).where(eq(matrixRegistrations.userId, userId)),
)
const setPassword = statement(
  { userId: matrixRegistrations.userId, password: matrixRegistrations.password },
  (db, { userId, password }) =>
    db
      .update(matrixRegistrations)
      .set({ password })
      .where(and(eq(matrixRegistrations.userId, userId), isNull(matrixRegistrations.password))),
)
const deleteRegistration = statement({ userId: matrixRegistrations.userId }, (db, { userId }) =>
  db.delete(matrixRegistrations).where(eq(matrixRegistrations.userId, userId)),
)
const setMatrixUser = statement(
  { userId: users.id, matrixUserId: users.matrixUserId },
  (db, { userId, matrixUserId }) => db.update(users).set({ matrixUserId }).where(eq(users.id, userId)),
)

/** @param dueAt when the background may create the account; until then the sign-up does */
export async function queueMatrixRegistration(tx: Tx, userId: string, dueAt: number): Promise<void> {
  await tx.run(insertRegistration, {
    userId,
    suffix: 1,
    attempts: 0,
    nextAttemptAt: dueAt,
    error: null,
    password: null,
  })
  tx.emit({ kind: 'matrix_account' })
}

/** Claims due registrations with their users; a claim lasts `leaseMs`. */
export const claimMatrixRegistrations = guarded(
  async (
    tx,
    {
      now,
      leaseMs,
      longestWaitMs,
      limit,
    }: {
      now: number
      leaseMs: number /** Maximum delay of a registration. */
      longestWaitMs: number
      limit: number
    },
  ): Promise<{ registration: MatrixRegistration; user: User }[]> => {
    const claimed = []
    const due = await tx.all(dueRegistrations, { now, limit })
    // A longer delay comes from a wrong clock (src/lib/time.ts).
    if (due.length === 0) due.push(...(await tx.all(overdueRegistrations, { latest: now + longestWaitMs, limit })))
    for (const registration of due) {
      const taken = { ...registration, nextAttemptAt: now + leaseMs }
      // Another process may have claimed it first.
      if ((await tx.run(claimRegistration, { ...taken, dueAt: registration.nextAttemptAt })) === 0) continue
      const user = await tx.one(userById, { id: registration.userId })
      if (user) claimed.push({ registration: taken, user })
    }
    return claimed
  },
)

/**
 * Keeps the first password generated for a registration.
 * @returns the stored one; undefined if the registration no longer exists
 */
export const keepMatrixPassword = write(
  async (tx, given: { userId: string; password: string }): Promise<string | undefined> => {
    await tx.run(setPassword, given)
    return (await tx.one(registrationOf, { userId: given.userId }))?.password ?? undefined
  },
)

/** Records the result of an attempt, and when the next one is due. */
export const postponeMatrixRegistration = write(
  async (tx, registration: Omit<MatrixRegistration, 'password'>): Promise<void> => {
    await tx.run(saveRegistration, registration)
    tx.emit({ kind: 'matrix_account' })
  },
)

/** Stores the Matrix user id. @returns false if the user was deleted, or already has one */
export const finishMatrixRegistration = write(
  async (tx, { userId, matrixUserId }: { userId: string; matrixUserId: string }): Promise<boolean> => {
    if ((await tx.run(deleteRegistration, { userId })) === 0) return false
    return (await tx.run(setMatrixUser, { userId, matrixUserId })) === 1
  },
)

/** When the next registration is due; undefined if there is none. */
export const nextMatrixRegistration = read(async (tx): Promise<number | undefined> => {
  return (await tx.one(nextDue))?.at ?? undefined
})
