/** Verification tokens in the database. */
import { and, eq, gt, inArray, isNull, lt, or, type SQL, sql } from 'drizzle-orm'
import type { Queries } from '../engine'
import { columnsOf, statement } from '../query'
import { verificationTokens } from '../schema'
import type { VerificationBackend } from './backend'

const pending = (condition: SQL) => and(condition, isNull(verificationTokens.consumedAt))

const tokenById = statement({ id: verificationTokens.id }, (db, { id }) =>
  db.select().from(verificationTokens).where(eq(verificationTokens.id, id)),
)
const tokensByPrefix = statement({ prefix: verificationTokens.tokenPrefix }, (db, { prefix }) =>
  db.select().from(verificationTokens).where(eq(verificationTokens.tokenPrefix, prefix)),
)
const pendingByEmail = statement({ email: verificationTokens.email }, (db, { email }) =>
  db
    .select()
    .from(verificationTokens)
    .where(pending(eq(verificationTokens.email, email))),
)
const pendingByPhone = statement({ phone: verificationTokens.phone }, (db, { phone }) =>
  db
    .select()
    .from(verificationTokens)
    .where(pending(eq(verificationTokens.phone, phone))),
)
const pendingByUser = statement({ userId: verificationTokens.userId }, (db, { userId }) =>
  db
    .select()
    .from(verificationTokens)
    .where(pending(eq(verificationTokens.userId, userId))),
)

const insertToken = statement(columnsOf(verificationTokens), (db, p) => db.insert(verificationTokens).values(p))
const consume = statement({ id: verificationTokens.id, now: verificationTokens.consumedAt }, (db, { id, now }) =>
  db
    .update(verificationTokens)
    .set({ consumedAt: now })
    .where(pending(eq(verificationTokens.id, id))),
)
const deletePending = statement({ id: verificationTokens.id }, (db, { id }) =>
  db.delete(verificationTokens).where(pending(eq(verificationTokens.id, id))),
)
const unconsume = statement(
  { id: verificationTokens.id, consumedAt: verificationTokens.consumedAt },
  (db, { id, consumedAt }) =>
    db
      .update(verificationTokens)
      .set({ consumedAt: null })
      .where(and(eq(verificationTokens.id, id), eq(verificationTokens.consumedAt, consumedAt))),
)
const newerOf = statement(
  { userId: verificationTokens.userId, after: verificationTokens.consumedAt },
  (db, { userId, after }) =>
    db
      .select({ id: verificationTokens.id })
      .from(verificationTokens)
      .where(
        and(
          eq(verificationTokens.userId, userId),
          or(isNull(verificationTokens.consumedAt), gt(verificationTokens.consumedAt, after)),
        ),
      )
      .limit(1),
)
const addAttempt = statement({ id: verificationTokens.id }, (db, { id }) =>
  db.update(verificationTokens).set({ codeAttempts: sql`code_attempts + 1` }).where(eq(verificationTokens.id, id)),
)

/** Rows deleted per step, so that a backlog blocks nothing. */
const PURGE_SLICE = 500

const purge = statement({ before: verificationTokens.expiresAt }, (db, { before }) => {
  const expired = db
    .select({ id: verificationTokens.id })
    .from(verificationTokens)
    .where(lt(verificationTokens.expiresAt, before))
    .limit(PURGE_SLICE)
  return db.delete(verificationTokens).where(inArray(verificationTokens.id, expired))
})

export function databaseTokens({ one, all, run }: Queries): VerificationBackend {
  return {
    put: async (token) => {
      await run(insertToken, token)
    },
    get: (id) => one(tokenById, { id }),
    byPrefix: (prefix) => all(tokensByPrefix, { prefix }),
    pendingFor: (address) => ('email' in address ? all(pendingByEmail, address) : all(pendingByPhone, address)),
    pendingOf: (userId) => all(pendingByUser, { userId }),
    markConsumed: async (id, now) => (await run(consume, { id, now })) > 0,
    withdraw: async (id) => (await run(deletePending, { id })) > 0,
    restore: async (id, consumedAt) => {
      await run(unconsume, { id, consumedAt })
    },
    hasNewer: async (userId, after) => (await one(newerOf, { userId, after })) !== undefined,
    countAttempt: async (id) => {
      await run(addAttempt, { id })
    },
    purgeExpired: (before) => run(purge, { before }),
  }
}
