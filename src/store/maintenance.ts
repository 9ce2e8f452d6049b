/** Database maintenance: metadata, a write probe, and the deletion of expired rows. */
import { and, eq, gt, lt, or, type SQL, sql } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { read, statement, type Tx, write } from './engine'
import { PROBED_AT_KEY } from './meta-keys'
import {
  auditLogEntries,
  externalSessions,
  flowState,
  knownNetworks,
  messages,
  meta,
  mfaAttempts,
  mfaChallenges,
  mfaFactors,
  oauthStates,
  personalAccessTokens,
  refreshTokens,
  sessions,
  sessionTokens,
  users,
  web3Messages,
  webauthnChallenges,
} from './schema'
import { placeholder, placeholders } from './statements'

const metaValue = statement((db) =>
  db
    .select()
    .from(meta)
    .where(eq(meta.key, placeholder('key')))
    .prepare(),
)
const setMeta = statement((db) =>
  db
    .insert(meta)
    .values(placeholders(meta))
    .onConflictDoUpdate({ target: meta.key, set: { value: sql`excluded.value` } })
    .prepare(),
)

export const getMeta = read(async (tx, key: string) => (await tx.one(metaValue, { key }))?.value)

export const putMeta = write(async (tx, entry: { key: string; value: string }): Promise<void> => {
  await tx.run(setMeta, entry)
})

const lastUser = statement((db) =>
  db
    .select({ at: sql<number | null>`max(${users.createdAt})` })
    .from(users)
    .prepare(),
)

/** The latest stored instant; undefined if there is none. */
export const latestInstant = read(async (tx): Promise<number | undefined> => {
  const probedAt = Number((await tx.one(metaValue, { key: PROBED_AT_KEY }))?.value ?? 0)
  return Math.max(probedAt, (await tx.one(lastUser))?.at ?? 0) || undefined
})

/** Writes one row, to check that writing works. */
export const probe = write(async (tx, now: number): Promise<void> => {
  await tx.run(setMeta, { key: PROBED_AT_KEY, value: String(now) })
})

/** Rows per sweep step. It goes by row id, so it needs no index and never scans a whole table at once. */
const SLICE = 500

const sweepOf = (table: SQLiteTable, expired: SQL | undefined) => {
  const slice = sql`SELECT rowid FROM ${table} WHERE rowid > ${placeholder('after')} ORDER BY rowid LIMIT ${SLICE}`
  return {
    end: statement((db) =>
      db
        .select({ rowid: sql<number | null>`(SELECT max(rowid) FROM (${slice}))` })
        .from(sql`(SELECT 1)`)
        .prepare(),
    ),
    remove: statement((db) =>
      db
        .delete(table)
        .where(and(sql`rowid IN (${slice})`, expired))
        .prepare(),
    ),
  }
}

const lastUse = sql`coalesce(${sessions.refreshedAt}, ${sessions.createdAt})`

/**
 * 2015, earlier than any account. Older timestamps come from a machine with an unset clock and do not mean that the row
 * is old.
 */
const CLOCK_UNSET = 1_420_070_400_000

const sweeps = {
  sessions: sweepOf(
    sessions,
    or(
      lt(sessions.notAfter, placeholder('notAfterBefore')),
      lt(sessions.createdAt, placeholder('createdBefore')),
      sql`${lastUse} < ${placeholder('usedBefore')} AND ${lastUse} > ${CLOCK_UNSET}`,
    ),
  ),
  refreshTokens: sweepOf(
    refreshTokens,
    and(eq(refreshTokens.revoked, true), lt(refreshTokens.updatedAt, placeholder('before'))),
  ),
  sessionTokens: sweepOf(sessionTokens, lt(sessionTokens.expiresAt, placeholder('before'))),
  web3Messages: sweepOf(web3Messages, lt(web3Messages.expiresAt, placeholder('before'))),
  externalSessions: sweepOf(externalSessions, lt(externalSessions.expiresAt, placeholder('before'))),
  personalAccessTokens: sweepOf(personalAccessTokens, lt(personalAccessTokens.expiresAt, placeholder('before'))),
  anonymousUsers: sweepOf(
    users,
    and(
      eq(users.isAnonymous, true),
      // Whatever the flag says, an account with a sign-in method belongs to a person.
      sql`${users.emailConfirmedAt} IS NULL AND ${users.phoneConfirmedAt} IS NULL`,
      sql`${users.encryptedPassword} IS NULL AND ${users.username} IS NULL AND ${users.factorCount} = 0`,
      sql`NOT EXISTS (SELECT 1 FROM identities WHERE identities.user_id = ${users.id})`,
      sql`NOT EXISTS (SELECT 1 FROM webauthn_credentials WHERE webauthn_credentials.user_id = ${users.id})`,
      sql`NOT EXISTS (SELECT 1 FROM personal_access_tokens WHERE personal_access_tokens.user_id = ${users.id})`,
      lt(users.createdAt, placeholder('before')),
      gt(users.createdAt, CLOCK_UNSET),
      sql`NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.user_id = ${users.id} AND coalesce(sessions.refreshed_at, sessions.created_at) >= ${placeholder('before')})`,
    ),
  ),
  knownNetworks: sweepOf(knownNetworks, lt(knownNetworks.lastSeenAt, placeholder('before'))),
  factors: sweepOf(
    mfaFactors,
    and(
      eq(mfaFactors.status, 'unverified'),
      sql`coalesce(${mfaFactors.lastChallengedAt}, ${mfaFactors.createdAt}) < ${placeholder('before')}`,
    ),
  ),
  challenges: sweepOf(mfaChallenges, lt(mfaChallenges.createdAt, placeholder('before'))),
  attempts: sweepOf(mfaAttempts, lt(mfaAttempts.since, placeholder('before'))),
  ceremonies: sweepOf(webauthnChallenges, lt(webauthnChallenges.expiresAt, placeholder('before'))),
  oauthStates: sweepOf(oauthStates, lt(oauthStates.createdAt, placeholder('before'))),
  flows: sweepOf(flowState, lt(flowState.createdAt, placeholder('before'))),
  messages: sweepOf(
    messages,
    and(
      sql`${messages.nextAttemptAt} IS NULL`,
      or(
        lt(messages.createdAt, placeholder('before')),
        and(eq(messages.state, 'kept'), lt(messages.createdAt, placeholder('keptBefore'))),
      ),
    ),
  ),
  auditLog: sweepOf(auditLogEntries, lt(auditLogEntries.createdAt, placeholder('before'))),
}

export type Sweep = keyof typeof sweeps

export interface SweepSlice {
  what: Sweep
  /** Row id to continue after; 0 at first. */
  after: number
  /** The instants `what` is compared with, in Unix milliseconds. */
  instants: Record<string, number>
}

/** Deletes expired rows in the next slice. @returns where to continue, or undefined at the end */
export const sweepSlice = write(
  async (tx: Tx, { what, after, instants }: SweepSlice): Promise<{ removed: number; next: number | undefined }> => {
    const { end, remove } = sweeps[what]
    const next = (await tx.one(end, { after }))?.rowid ?? undefined
    const removed = next === undefined ? 0 : await tx.run(remove, { after, ...instants })
    return { removed, next }
  },
)
