/** Matrix registrations in progress. */
import { and, eq, gt, isNull, lte, sql } from 'drizzle-orm'
import { read, statement, type Tx, write } from './engine'
import { type MatrixRegistration, matrixRegistrations, type User, users } from './schema'
import { placeholder, placeholders, userById } from './statements'

const insertRegistration = statement((db) =>
  db.insert(matrixRegistrations).values(placeholders(matrixRegistrations)).prepare(),
)
const dueRegistrations = statement((db) =>
  db
    .select()
    .from(matrixRegistrations)
    .where(lte(matrixRegistrations.nextAttemptAt, placeholder('now')))
    .limit(placeholder('limit'))
    .prepare(),
)
const overdueRegistrations = statement((db) =>
  db
    .select()
    .from(matrixRegistrations)
    .where(gt(matrixRegistrations.nextAttemptAt, placeholder('latest')))
    .limit(placeholder('limit'))
    .prepare(),
)
const nextDue = statement((db) =>
  db
    .select({ at: sql<number | null>`min(${matrixRegistrations.nextAttemptAt})` })
    .from(matrixRegistrations)
    .prepare(),
)
const saveRegistration = statement((db) =>
  db
    .update(matrixRegistrations)
    .set(placeholders(matrixRegistrations, 'userId', 'password'))
    .where(eq(matrixRegistrations.userId, placeholder('userId')))
    .prepare(),
)
const registrationOf = statement((db) =>
  db
    .select()
    .from(matrixRegistrations)
    .where(eq(matrixRegistrations.userId, placeholder('userId')))
    .prepare(),
)
const setPassword = statement((db) =>
  db
    .update(matrixRegistrations)
    .set({ password: placeholder('password') as never })
    .where(and(eq(matrixRegistrations.userId, placeholder('userId')), isNull(matrixRegistrations.password)))
    .prepare(),
)
const deleteRegistration = statement((db) =>
  db
    .delete(matrixRegistrations)
    .where(eq(matrixRegistrations.userId, placeholder('userId')))
    .prepare(),
)
const setMatrixUser = statement((db) =>
  db
    .update(users)
    .set({ matrixUserId: placeholder('matrixUserId') as never })
    .where(eq(users.id, placeholder('userId')))
    .prepare(),
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
export const claimMatrixRegistrations = write(
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
    // A longer delay was written while the clock ran ahead.
    if (due.length === 0) due.push(...(await tx.all(overdueRegistrations, { latest: now + longestWaitMs, limit })))
    for (const registration of due) {
      const taken = { ...registration, nextAttemptAt: now + leaseMs }
      await tx.run(saveRegistration, taken)
      const user = await tx.one(userById, { id: registration.userId })
      if (user) claimed.push({ registration: taken, user })
    }
    return claimed
  },
)

/**
 * Keeps the first password generated for a registration. @returns the stored one; undefined if the registration no
 * longer exists
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
