/** Sessions and their refresh tokens. */
import { and, desc, eq, getTableColumns, gt } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { yieldToEventLoop } from '../../lib/event-loop'
import { isSecondFactorMethod } from '../../lib/factor-types'
import { isInFuture, isWithin } from '../../lib/time'
import { NIL_UUID } from '../../lib/uuid'
import { notingEndedSessions } from '../account-changes'
import type { AuditEntry } from '../audit-entry'
import { appendAudit } from '../audit-log'
import { type Operation, read, type Tx, together, write } from '../engine'
import { consumeProof, type Proof, type ProofRefused } from '../factors/second-factors'
import { type CredentialUse, useCredential } from '../factors/webauthn'
import { columnsOf, integer, statement } from '../query'
import { knownNetworks, refreshTokens, type Session, sessions, type User, users } from '../schema'
import {
  amrIn,
  deleteSession,
  endSessions,
  loadOpenedSession,
  lockUser,
  type NewSession,
  type OpenedSession,
  openSessionIn,
  sessionById,
  startSession,
  userById,
  withNumber,
} from '../statements'
import { advanceSession, type NewKey, refreshed } from './advance'
import { isSuperseded, type SessionPrecedence } from './superseded-sessions'

const sessionsOf = statement({ userId: sessions.userId, limit: integer }, (db, { userId, limit }) =>
  db.select().from(sessions).where(eq(sessions.userId, userId)).orderBy(desc(sessions.createdAt)).limit(limit),
)

const endSession = (tx: Tx, one: { id: string; userId: string }): Promise<number> =>
  notingEndedSessions(tx, one.userId, () => tx.run(deleteSession, one))

const importedToken = statement({ tokenHash: refreshTokens.tokenHash }, (db, { tokenHash }) =>
  db.select().from(refreshTokens).where(eq(refreshTokens.tokenHash, tokenHash)),
)
const importedTokensOf = statement({ sessionId: refreshTokens.sessionId }, (db, { sessionId }) =>
  db.select().from(refreshTokens).where(eq(refreshTokens.sessionId, sessionId)),
)
const insertImportedToken = statement(columnsOf(refreshTokens, 'id'), (db, p) => db.insert(refreshTokens).values(p))

const knownNetwork = statement(
  { userId: knownNetworks.userId, network: knownNetworks.network, since: knownNetworks.lastSeenAt },
  (db, { userId, network, since }) =>
    db
      .select()
      .from(knownNetworks)
      .where(
        and(eq(knownNetworks.userId, userId), eq(knownNetworks.network, network), gt(knownNetworks.lastSeenAt, since)),
      ),
)

/** A session and its user, for a bearer token. */
export const findSession = read((tx, id: string) => sessionWithUser(tx, id))

/** How the user of a session has authenticated, latest first. */
export const findAmr = read((tx, sessionId: string) => amrIn(tx, sessionId))

/** A user's sessions, newest first, at most 200. */
export const listSessions = read(async (tx, userId: string) => {
  const rows = await tx.all(sessionsOf, { userId, limit: 200 })
  return Promise.all(rows.map(async (session) => ({ session, amr: await amrIn(tx, session.id) })))
})

/** Sessions in the order of their ids. A list of all by age would need an index, which every sign-in would pay for. */
const sessionSlice = statement({ after: sessions.id, limit: integer }, (db, { after, limit }) =>
  db
    .select({ id: sessions.id, userId: sessions.userId, createdAt: sessions.createdAt })
    .from(sessions)
    .where(gt(sessions.id, after))
    .orderBy(sessions.id)
    .limit(limit),
)

/** Sessions that are read before other requests run; a few milliseconds. */
const SLICE = 5000

/** The latest sessions of all users, newest first. Reads every session. */
export const latestSessions = read(async (tx, { limit }: { limit: number }) => {
  let latest: { id: string; userId: string; createdAt: number }[] = []
  for (let after = NIL_UUID; ; ) {
    const slice = await tx.all(sessionSlice, { after, limit: SLICE })
    const oldest = latest.length < limit ? Number.NEGATIVE_INFINITY : (latest.at(-1)?.createdAt ?? 0)
    const later = slice.filter(({ createdAt }) => createdAt > oldest)
    if (later.length > 0)
      latest = [...latest, ...later].sort((one, other) => other.createdAt - one.createdAt).slice(0, limit)
    const last = slice.at(-1)
    if (!last || slice.length < SLICE) return latest
    after = last.id
    await yieldToEventLoop()
  }
})

const networksOf = statement({ userId: knownNetworks.userId }, (db, { userId }) =>
  db.select().from(knownNetworks).where(eq(knownNetworks.userId, userId)),
)

/** The networks from which a user has signed in, in no order. */
export const listKnownNetworks = read((tx, userId: string) => tx.all(networksOf, { userId }))

export const isKnownNetwork = read(
  async (tx, input: { userId: string; network: string; since: number }) =>
    (await tx.one(knownNetwork, input)) !== undefined,
)

const setLastUse = statement({ id: sessions.id, now: sessions.refreshedAt }, (db, { id, now }) =>
  db.update(sessions).set({ refreshedAt: now, updatedAt: now }).where(eq(sessions.id, id)),
)

/** Records the use of a session without refresh token. */
export const recordSessionUse = write(async (tx, use: { id: string; now: number }): Promise<void> => {
  await tx.run(setLastUse, use)
})

export interface SessionOpening {
  session: NewSession
  now: number
  /** The verified password hash; if it has been replaced since, no session is opened. */
  verifiedPasswordHash?: string
  /** Replaces the verified hash, which has outdated parameters. */
  rehashed?: string | undefined
  /** The proof of a second factor; if it is no longer valid, no session is opened. */
  proof?: Proof | undefined
  /** The passkey used to sign in; if it was used concurrently, no session is opened. */
  passkey?: CredentialUse
  audit: AuditEntry[]
}

type SignedIn =
  | { outcome: 'opened'; opened: OpenedSession }
  | { outcome: 'user_gone' | 'user_banned' | 'password_changed_concurrently' | 'passkey_used' | ProofRefused }

async function openSessionFor(
  tx: Tx,
  { session, now, verifiedPasswordHash, rehashed, proof, passkey, audit }: SessionOpening,
): Promise<SignedIn> {
  const { userId } = session.session
  const user = await (proof || passkey ? tx.one(userById, { id: userId }) : lockUser(tx, userId))
  if (!user || user.deletedAt !== null) return { outcome: 'user_gone' }
  if (isInFuture(user.bannedUntil, now)) return { outcome: 'user_banned' }
  if (verifiedPasswordHash !== undefined && verifiedPasswordHash !== user.encryptedPassword)
    return { outcome: 'password_changed_concurrently' }
  if (passkey && !(await useCredential(tx, passkey, now))) return { outcome: 'passkey_used' }
  const factor = proof && (await consumeProof(tx, userId, proof, { network: session.network, now }))
  if (typeof factor === 'string') return { outcome: factor }
  const opened = await openSessionIn(
    tx,
    user,
    session,
    now,
    rehashed === undefined ? {} : { encryptedPassword: rehashed },
  )
  await appendAudit(tx, audit)
  return { outcome: 'opened', opened }
}

/**
 * Opens a session for an authenticated user. A code or a passkey is used in isolation: operations that do not write the
 * row of the user use them as well, and on Postgres they are read and written through views.
 */
export const openSession = Object.assign(openSessionFor, {
  mode: ({ proof, passkey }: SessionOpening) => (proof || passkey ? 'write' : 'guarded'),
}) satisfies Operation<SessionOpening, SignedIn>

export interface Refresh {
  sessionId: string
  /** The counter of the presented token. */
  counter: number
  newKey: NewKey
  now: number
  userAgent: string | undefined
  ip: string | undefined
  /** Milliseconds after the last refresh during which older tokens are still accepted. */
  reuseIntervalMs: number
  allowReuse: boolean
  /** Whether reuse of an older token ends the session. */
  endOnReuse: boolean
  supersedes?: SessionPrecedence | undefined
  audit: { rotated: AuditEntry[]; reused: AuditEntry[] }
}

export type Refreshed =
  | { outcome: 'rotated' | 'repeated'; opened: OpenedSession }
  | { outcome: 'session_gone' | 'user_gone' | 'user_banned' | 'superseded' | 'not_issued' | 'reused' }

/**
 * Exchanges a verified refresh token (docs/wire-contract.md#refresh-tokens). The current one advances the session; its
 * parent gets the same successor again, however late, because the response may have been lost; an older one ends the
 * session. A token from before the second factor is never exchanged for a token of the elevated session: if it may be
 * used again, its successor has assurance level aal1.
 */
export const rotateRefreshToken = write(async (tx, refresh: Refresh): Promise<Refreshed> => {
  const found = await sessionWithUser(tx, refresh.sessionId)
  if (!found) return { outcome: 'session_gone' }
  const { session, user } = found
  if (user.deletedAt !== null) return { outcome: 'user_gone' }
  if (isInFuture(user.bannedUntil, refresh.now)) return { outcome: 'user_banned' }
  if (await isSuperseded(tx, session, refresh.supersedes)) return { outcome: 'superseded' }
  const age = session.refreshTokenCounter - refresh.counter
  if (age < 0) return { outcome: 'not_issued' }
  const isRecent = isWithin(session.refreshedAt ?? session.createdAt, refresh.reuseIntervalMs, refresh.now)
  const mayRepeat = age === 1 || isRecent || refresh.allowReuse
  // Before the first token of this version was issued, there is none to repeat.
  if (age === 0 || (mayRepeat && session.refreshTokenCounter < 0)) {
    const after = refreshed(session, refresh)
    const [opened, stored] = await together(
      loadOpenedSession(tx, await withNumber(tx, user), after),
      advanceSession(tx, session, after, refresh.newKey),
      appendAudit(tx, refresh.audit.rotated),
    )
    return { outcome: 'rotated', opened: { ...opened, session: stored } }
  }
  if (mayRepeat) {
    const opened = await loadOpenedSession(tx, user, session)
    const { elevatedAtCounter } = session
    if (elevatedAtCounter === null || refresh.counter >= elevatedAtCounter) return { outcome: 'repeated', opened }
    if (refresh.counter >= 0) return { outcome: 'repeated', opened: beforeElevation(opened, refresh.counter) }
  }
  if (refresh.endOnReuse && !mayRepeat) await endSession(tx, { id: session.id, userId: user.id })
  await appendAudit(tx, refresh.audit.reused)
  return { outcome: 'reused' }
})

/** An elevated session as the token with that counter may show it. */
function beforeElevation({ session, amr, ...rest }: OpenedSession, counter: number): OpenedSession {
  return {
    ...rest,
    session: { ...session, aal: 'aal1', factorId: null, refreshTokenCounter: counter },
    amr: amr.filter(({ authenticationMethod }) => !isSecondFactorMethod(authenticationMethod)),
  }
}

/**
 * Finds a token of GoTrue's older format, as it is stored.
 * @returns its session, and whether it is the current token or its parent; once tokens of version 2 have replaced them,
 * whether it was
 */
export const findImportedToken = read(async (tx, tokenHash: string) => {
  const token = await tx.one(importedToken, { tokenHash })
  const session = token && (await tx.one(sessionById, { id: token.sessionId }))
  if (!session) return undefined
  const family = await tx.all(importedTokensOf, { sessionId: session.id })
  const newest = family.reduce((one, other) => (one.id > other.id ? one : other))
  const current = session.refreshTokenCounter < 0 ? family.filter(({ revoked }) => !revoked) : [newest]
  const isLive = current.some((each) => each.tokenHash === tokenHash || each.parentHash === tokenHash)
  return { sessionId: session.id, isLive }
})

export interface ImportedSession {
  session: NewSession
  tokens: { tokenHash: string; parentHash: string | null; revoked: boolean }[]
}

/** Imports a GoTrue session with its tokens, which remain valid until each is refreshed once. */
export const importSession = write(async (tx, { session, tokens }: ImportedSession): Promise<void> => {
  await startSession(tx, session)
  const { id: sessionId, userId, createdAt } = session.session
  for (const token of tokens)
    await tx.run(insertImportedToken, { ...token, sessionId, userId, createdAt, updatedAt: createdAt })
})

export interface SessionEnding {
  userId: string
  /** One session, all of the user's, or all except one. */
  which: { only: string } | { allBut: string } | 'all'
  audit: AuditEntry[]
}

/** Ends sessions; their tokens are refused from the next request on. @returns how many ended */
export const endUserSessions = write(async (tx, { userId, which, audit }: SessionEnding): Promise<number> => {
  const ended =
    typeof which === 'object' && 'only' in which
      ? await endSession(tx, { id: which.only, userId })
      : await endSessions(tx, userId, which === 'all' ? undefined : which.allBut)
  if (ended > 0 || which === 'all') await appendAudit(tx, audit)
  return ended
})

/** The properties of a row, and what they are called in a row of a join. */
const namesOf = (prefix: string, table: SQLiteTable) =>
  Object.keys(getTableColumns(table)).map((property) => ({ property, joined: `${prefix}.${property}` }))
const OF_SESSION = namesOf('session', sessions)
const OF_USER = namesOf('user', users)

const joinedColumns = (table: SQLiteTable, names: typeof OF_SESSION) => {
  const columns = getTableColumns(table)
  return Object.fromEntries(names.map(({ property, joined }) => [joined, columns[property] as SQLiteColumn]))
}

const sessionJoinedWithUser = statement({ id: sessions.id }, (db, { id }) =>
  db
    .select({ ...joinedColumns(sessions, OF_SESSION), ...joinedColumns(users, OF_USER) })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(eq(sessions.id, id)),
)

/** In SQLite, two lookups by key cost a fifth of a join of the two tables. */
async function sessionWithUser(tx: Tx, id: string): Promise<{ session: Session; user: User } | undefined> {
  if (tx.isRemote) {
    const row = await tx.one(sessionJoinedWithUser, { id })
    return row && { session: partOf(row, OF_SESSION) as Session, user: partOf(row, OF_USER) as User }
  }
  const session = await tx.one(sessionById, { id })
  const user = session && (await tx.one(userById, { id: session.userId }))
  return user && { session, user }
}

function partOf(row: Record<string, unknown>, names: typeof OF_SESSION): unknown {
  const part: Record<string, unknown> = {}
  for (const { property, joined } of names) part[property] = row[joined]
  return part
}
