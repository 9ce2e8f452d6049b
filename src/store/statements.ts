/** Queries that more than one noun needs, and helpers to write queries. */
import { and, eq, getTableColumns, sql } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { type Aal, lowerAal } from '../lib/assurance'
import type { JsonObject } from '../lib/json'
import { statement, type Tx } from './engine'
import {
  type AmrClaim,
  auditLogEntries,
  type Factor,
  type Identity,
  identities,
  knownNetworks,
  type Message,
  messages,
  mfaAmrClaims,
  mfaFactors,
  type Session,
  type SessionToken,
  sessions,
  sessionTokens,
  type User,
  users,
} from './schema'

export const placeholder = sql.placeholder

/** A placeholder of the same name for each column of a table that can be written. */
export function placeholders<Table extends SQLiteTable>(table: Table, ...except: (keyof Table['_']['columns'])[]) {
  const names = Object.entries(getTableColumns(table))
    .filter(([name, column]) => !column.generated && !except.includes(name))
    .map(([name]) => [name, placeholder(name)])
  return Object.fromEntries(names) as { [Column in keyof Table['_']['columns']]: never }
}

export const userById = statement((db) =>
  db
    .select()
    .from(users)
    .where(eq(users.id, placeholder('id')))
    .prepare(),
)

export const sessionById = statement((db) =>
  db
    .select()
    .from(sessions)
    .where(eq(sessions.id, placeholder('id')))
    .prepare(),
)

// Few rows a user, put in order afterwards: an ORDER BY triples the cost of these two queries.
const identitiesOf = statement((db) =>
  db
    .select()
    .from(identities)
    .where(eq(identities.userId, placeholder('userId')))
    .prepare(),
)

const amrOf = statement((db) =>
  db
    .select()
    .from(mfaAmrClaims)
    .where(eq(mfaAmrClaims.sessionId, placeholder('sessionId')))
    .prepare(),
)

const factorsOf = statement((db) =>
  db
    .select()
    .from(mfaFactors)
    .where(eq(mfaFactors.userId, placeholder('userId')))
    .prepare(),
)

export const saveUser = statement((db) =>
  db
    .update(users)
    .set(placeholders(users, 'uid', 'id', 'createdAt', 'factorCount'))
    .where(eq(users.id, placeholder('id')))
    .prepare(),
)

/** Moves a session's refresh token on. */
export const advanceSession = statement((db) =>
  db
    .update(sessions)
    .set(
      placeholders(sessions, 'id', 'userId', 'aal', 'factorId', 'notAfter', 'tag', 'refreshTokenHmacKey', 'createdAt'),
    )
    .where(eq(sessions.id, placeholder('id')))
    .prepare(),
)

const insertSession = statement((db) => db.insert(sessions).values(placeholders(sessions)).prepare())

const insertToken = statement((db) => db.insert(sessionTokens).values(placeholders(sessionTokens)).prepare())

const upsertAmr = statement((db) =>
  db
    .insert(mfaAmrClaims)
    .values(placeholders(mfaAmrClaims))
    .onConflictDoUpdate({
      target: [mfaAmrClaims.sessionId, mfaAmrClaims.authenticationMethod],
      set: { updatedAt: sql`excluded.updated_at` },
    })
    .prepare(),
)

export const networkOf = statement((db) =>
  db
    .select()
    .from(knownNetworks)
    .where(and(eq(knownNetworks.userId, placeholder('userId')), eq(knownNetworks.network, placeholder('network'))))
    .prepare(),
)

/** A network is noted once a day; more would be a write for each sign-in and tell nothing new. */
const upsertNetwork = statement((db) =>
  db
    .insert(knownNetworks)
    .values(placeholders(knownNetworks))
    .onConflictDoUpdate({
      target: [knownNetworks.userId, knownNetworks.network],
      set: { lastSeenAt: sql`excluded.last_seen_at` },
      setWhere: sql`excluded.last_seen_at > last_seen_at + 86400000`,
    })
    .prepare(),
)

/** Notes that a second factor was passed from a network. */
export const notePassing = statement((db) =>
  db
    .insert(knownNetworks)
    .values(placeholders(knownNetworks))
    .onConflictDoUpdate({
      target: [knownNetworks.userId, knownNetworks.network],
      set: { lastSeenAt: sql`excluded.last_seen_at`, passedFactorAt: sql`excluded.passed_factor_at` },
    })
    .prepare(),
)

const deleteSessions = statement((db) =>
  db
    .delete(sessions)
    .where(and(eq(sessions.userId, placeholder('userId')), sql`${sessions.id} <> ${placeholder('keep')}`))
    .prepare(),
)

const insertAudit = statement((db) => db.insert(auditLogEntries).values(placeholders(auditLogEntries, 'seq')).prepare())

export type NewMessage = Omit<Message, 'seq'>

export const insertMessage = statement((db) => db.insert(messages).values(placeholders(messages, 'seq')).prepare())

export async function queueMessages(tx: Tx, sent: readonly NewMessage[]): Promise<void> {
  for (const message of sent) {
    await tx.run(insertMessage, message)
    const { id, recipient, state } = message
    tx.announce({ kind: 'message', id, recipient, state })
  }
}

export interface AuditEntry {
  id: string
  payload: JsonObject
  createdAt: number
  /** Of the client that asked for it; empty where none did, or addresses are not kept. */
  ipAddress: string
}

/** A session about to begin: its row, how it was authenticated, and from which network. */
export interface NewSession {
  session: Session
  method: string
  /** That of the second factor which was shown along with it. */
  secondMethod?: string | undefined
  network: string | undefined
  /** What to send to a user who has signed in before, where the network was not seen lately; none: nothing is sent. */
  noticeOf?: ((user: User) => readonly NewMessage[]) | undefined
  /** Opaque tokens that are handed out with it. */
  tokens?: readonly NewSessionToken[]
}

/** A session with all that its tokens and its answer speak of. */
export interface Opened {
  user: User
  identities: Identity[]
  factors: Factor[]
  session: Session
  amr: AmrClaim[]
}

/** Oldest first. */
export async function identitiesIn(tx: Tx, userId: string): Promise<Identity[]> {
  const rows = await tx.all(identitiesOf, { userId })
  return rows.sort((a, b) => a.createdAt - b.createdAt)
}

/** Oldest first; most users have none, and are not looked for. */
export async function factorsIn(tx: Tx, { id, factorCount }: Pick<User, 'id' | 'factorCount'>): Promise<Factor[]> {
  return factorCount === 0 ? [] : allFactorsIn(tx, id)
}

export async function allFactorsIn(tx: Tx, userId: string): Promise<Factor[]> {
  const rows = await tx.all(factorsOf, { userId })
  return rows.sort((a, b) => a.createdAt - b.createdAt)
}

/** Latest first, as tokens list them. */
export async function amrIn(tx: Tx, sessionId: string): Promise<AmrClaim[]> {
  const claims = await tx.all(amrOf, { sessionId })
  return claims.sort((a, b) => b.updatedAt - a.updatedAt)
}

export async function startSession(
  tx: Tx,
  { session, method, secondMethod, network, noticeOf, tokens }: NewSession,
  before?: User,
): Promise<void> {
  await tx.run(insertSession, session)
  await insertTokens(tx, tokens ?? [], session.aal)
  await noteAmr(tx, session.id, method, session.createdAt)
  if (secondMethod !== undefined) await noteAmr(tx, session.id, secondMethod, session.createdAt)
  if (network === undefined) return
  const { userId, createdAt } = session
  const isReturning = before !== undefined && before.lastSignInAt !== null
  if (noticeOf && isReturning && !(await tx.one(networkOf, { userId, network })))
    await queueMessages(tx, noticeOf(before))
  const passedFactorAt = secondMethod === undefined ? null : createdAt
  await tx.run(passedFactorAt === null ? upsertNetwork : notePassing, {
    ...{ userId, network, lastSeenAt: createdAt, passedFactorAt },
  })
}

/** A token about to be stored; what it counts for comes of what it is issued for. */
export type NewSessionToken = Omit<SessionToken, 'aal'>

export async function insertTokens(tx: Tx, tokens: readonly NewSessionToken[], aal: Aal): Promise<void> {
  for (const token of tokens) await tx.run(insertToken, { ...token, aal })
}

/** The session of a request, and what its token counts for in it. */
export interface Acting {
  sessionId: string
  aal: Aal
}

/** The session that a request acts in, worth no more than the token that was shown. */
export async function actingSession(tx: Tx, { sessionId, aal }: Acting): Promise<Session | undefined> {
  const session = await tx.one(sessionById, { id: sessionId })
  return session && { ...session, aal: lowerAal(session.aal, aal) }
}

/** Notes how a session was authenticated, at that instant. */
export async function noteAmr(tx: Tx, sessionId: string, method: string, now: number): Promise<void> {
  await tx.run(upsertAmr, { sessionId, authenticationMethod: method, createdAt: now, updatedAt: now })
}

export async function openedSession(tx: Tx, user: User, session: Session): Promise<Opened> {
  return {
    ...{ user, session },
    identities: await identitiesIn(tx, user.id),
    factors: await factorsIn(tx, user),
    amr: await amrIn(tx, session.id),
  }
}

/** Begins a session and notes the sign-in on its user. */
export async function openSessionIn(tx: Tx, user: User, session: NewSession, now: number): Promise<Opened> {
  const signedIn = { ...user, lastSignInAt: now, updatedAt: now }
  await tx.run(saveUser, signedIn)
  await startSession(tx, session, user)
  return openedSession(tx, signedIn, session.session)
}

/** @param keep the one session that stays, if any */
export async function endSessions(tx: Tx, userId: string, keep?: string): Promise<number> {
  return tx.run(deleteSessions, { userId, keep: keep ?? '' })
}

export async function appendAudit(tx: Tx, entries: readonly AuditEntry[]): Promise<void> {
  for (const entry of entries) await tx.run(insertAudit, { ...entry })
}
