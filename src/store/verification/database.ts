/** Verification tokens in the database. */
import { and, eq, isNull, lt, type SQL, sql } from 'drizzle-orm'
import { type Queries, statement } from '../engine'
import { verificationTokens } from '../schema'
import { placeholder, placeholders } from '../statements'
import type { VerificationBackend } from './backend'

const pending = (condition: SQL) => and(condition, isNull(verificationTokens.consumedAt))
const selectTokens = (where: SQL | undefined) =>
  statement((db) => db.select().from(verificationTokens).where(where).prepare())

const tokenById = selectTokens(eq(verificationTokens.id, placeholder('id')))
const tokensByPrefix = selectTokens(eq(verificationTokens.tokenPrefix, placeholder('prefix')))
const pendingByEmail = selectTokens(pending(eq(verificationTokens.email, placeholder('email'))))
const pendingByPhone = selectTokens(pending(eq(verificationTokens.phone, placeholder('phone'))))
const pendingByUser = selectTokens(pending(eq(verificationTokens.userId, placeholder('userId'))))

const insertToken = statement((db) => db.insert(verificationTokens).values(placeholders(verificationTokens)).prepare())
const consume = statement((db) =>
  db
    .update(verificationTokens)
    .set({ consumedAt: sql`${placeholder('now')}` })
    .where(pending(eq(verificationTokens.id, placeholder('id'))))
    .prepare(),
)
const deletePending = statement((db) =>
  db
    .delete(verificationTokens)
    .where(pending(eq(verificationTokens.id, placeholder('id'))))
    .prepare(),
)
const unconsume = statement((db) =>
  db
    .update(verificationTokens)
    .set({ consumedAt: null })
    .where(
      and(eq(verificationTokens.id, placeholder('id')), eq(verificationTokens.consumedAt, placeholder('consumedAt'))),
    )
    .prepare(),
)
const addAttempt = statement((db) =>
  db
    .update(verificationTokens)
    .set({ codeAttempts: sql`code_attempts + 1` })
    .where(eq(verificationTokens.id, placeholder('id')))
    .prepare(),
)

/** Rows deleted per step, so that a backlog blocks nothing. */
const PURGE_SLICE = 500

const expired = lt(verificationTokens.expiresAt, placeholder('before'))
const purge = statement((db) =>
  db
    .delete(verificationTokens)
    .where(sql`rowid IN (SELECT rowid FROM ${verificationTokens} WHERE ${expired} LIMIT ${PURGE_SLICE})`)
    .prepare(),
)

export function databaseTokens({ one, all, run }: Queries): VerificationBackend {
  return {
    put: async (token) => {
      await run(insertToken, token)
    },
    get: (id) => one(tokenById, { id }),
    byPrefix: (prefix) => all(tokensByPrefix, { prefix }),
    pendingFor: (address) => all('email' in address ? pendingByEmail : pendingByPhone, address),
    pendingOf: (userId) => all(pendingByUser, { userId }),
    markConsumed: async (id, now) => (await run(consume, { id, now })) > 0,
    withdraw: async (id) => (await run(deletePending, { id })) > 0,
    restore: async (id, consumedAt) => {
      await run(unconsume, { id, consumedAt })
    },
    countAttempt: async (id) => {
      await run(addAttempt, { id })
    },
    purgeExpired: (before) => run(purge, { before }),
  }
}
