/** Statements shared by several files, and helpers for writing them. */
import { and, eq, sql } from 'drizzle-orm'
import { type Aal, lowerAal } from '../lib/assurance'
import { notingEndedSessions } from './account-changes'
import { saveUser } from './accounts/save-user'
import { type Tx, together } from './engine'
import { columnsOf, statement } from './query'
import {
  type AmrClaim,
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

export const userById = statement({ id: users.id }, (db, { id }) => db.select().from(users).where(eq(users.id, id)))

/** See `lockUser`. */
export const lockedUser = statement({ id: users.id }, (db, { id }) =>
  db.select({ id: users.id }).from(users).where(eq(users.id, id)),
)

export const sessionById = statement({ id: sessions.id }, (db, { id }) =>
  db.select().from(sessions).where(eq(sessions.id, id)),
)

// Few rows per user, sorted afterwards: an ORDER BY triples the cost of these two queries.
export const identitiesOf = statement({ userId: identities.userId }, (db, { userId }) =>
  db.select().from(identities).where(eq(identities.userId, userId)),
)

export const amrOf = statement({ sessionId: mfaAmrClaims.sessionId }, (db, { sessionId }) =>
  db.select().from(mfaAmrClaims).where(eq(mfaAmrClaims.sessionId, sessionId)),
)

export const factorsOf = statement({ userId: mfaFactors.userId }, (db, { userId }) =>
  db.select().from(mfaFactors).where(eq(mfaFactors.userId, userId)),
)

/** A new session is not elevated. */
const insertSession = statement(columnsOf(sessions, 'elevatedAtCounter'), (db, p) => db.insert(sessions).values(p))

const insertToken = statement(columnsOf(sessionTokens), (db, p) => db.insert(sessionTokens).values(p))

const upsertAmr = statement(columnsOf(mfaAmrClaims), (db, p) =>
  db
    .insert(mfaAmrClaims)
    .values(p)
    .onConflictDoUpdate({
      target: [mfaAmrClaims.sessionId, mfaAmrClaims.authenticationMethod],
      set: { updatedAt: sql`excluded.updated_at` },
    }),
)

export const networkOf = statement(
  { userId: knownNetworks.userId, network: knownNetworks.network },
  (db, { userId, network }) =>
    db
      .select()
      .from(knownNetworks)
      .where(and(eq(knownNetworks.userId, userId), eq(knownNetworks.network, network))),
)

/** Recorded once a day; more would cost a write per sign-in without new information. */
const upsertNetwork = statement(columnsOf(knownNetworks), (db, p) =>
  db
    .insert(knownNetworks)
    .values(p)
    .onConflictDoUpdate({
      target: [knownNetworks.userId, knownNetworks.network],
      set: { lastSeenAt: sql`excluded.last_seen_at` },
      setWhere: sql`excluded.last_seen_at > ${knownNetworks.lastSeenAt} + 86400000`,
    }),
)

/** Records that a second factor was passed from a network. */
export const recordFactorNetwork = statement(columnsOf(knownNetworks), (db, p) =>
  db
    .insert(knownNetworks)
    .values(p)
    .onConflictDoUpdate({
      target: [knownNetworks.userId, knownNetworks.network],
      set: { lastSeenAt: sql`excluded.last_seen_at`, passedFactorAt: sql`excluded.passed_factor_at` },
    }),
)

export const deleteSession = statement({ id: sessions.id, userId: sessions.userId }, (db, { id, userId }) =>
  db.delete(sessions).where(and(eq(sessions.id, id), eq(sessions.userId, userId))),
)

const deleteSessions = statement({ userId: sessions.userId, keep: sessions.id }, (db, { userId, keep }) =>
  db.delete(sessions).where(and(eq(sessions.userId, userId), sql`${sessions.id} <> ${keep}`)),
)

export type NewMessage = Omit<Message, 'seq'>

export const insertMessage = statement(columnsOf(messages, 'seq'), (db, p) => db.insert(messages).values(p))

export async function queueMessages(tx: Tx, sent: readonly NewMessage[]): Promise<void> {
  for (const message of sent) {
    await tx.run(insertMessage, message)
    const { id, recipient, state } = message
    tx.emit({ kind: 'message', id, recipient, state })
  }
}

/** A session to be opened: its row, its authentication method, and its network. */
export interface NewSession {
  session: Session
  method: string
  /** The method of the second factor given with it. */
  secondMethod?: string | undefined
  /** How its user authenticated in the session that it continues; by default, with `method` and `secondMethod` now. */
  amr?: readonly Omit<AmrClaim, 'sessionId'>[]
  network: string | undefined
  /** Notice for a returning user from an unknown network; if undefined, none is sent. */
  noticeOf?: ((user: User) => readonly NewMessage[]) | undefined
  /** Opaque tokens issued with it. */
  tokens?: readonly NewSessionToken[]
}

/** A session with everything its tokens and response contain. */
export interface OpenedSession {
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

/** Oldest first; most users have none, which needs no query. */
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
  { session, method, secondMethod, amr, network, noticeOf, tokens }: NewSession,
  before?: User,
): Promise<void> {
  await tx.run(insertSession, session)
  tx.emit({ kind: 'counted', what: 'sign_in', label: `${method}:success` })
  if (method === 'anonymous' && amr === undefined) tx.emit({ kind: 'counted', what: 'sign_up', label: method })
  const claims = amr ?? claimsOf(session.createdAt, method, secondMethod)
  const methods = claims.map(({ authenticationMethod }) => authenticationMethod)
  tx.changes?.push({ kind: 'session_opened', userId: session.userId, session, methods })
  await insertTokens(tx, tokens ?? [], session.aal)
  for (const claim of claims) await tx.run(upsertAmr, { ...claim, sessionId: session.id })
  if (network === undefined) return
  const { userId, updatedAt: openedAt } = session
  const isReturning = before !== undefined && before.lastSignInAt !== null
  if (noticeOf && isReturning && !(await tx.one(networkOf, { userId, network })))
    await queueMessages(tx, noticeOf(before))
  const passedFactorAt = secondMethod === undefined ? null : openedAt
  await tx.run(passedFactorAt === null ? upsertNetwork : recordFactorNetwork, {
    userId,
    network,
    lastSeenAt: openedAt,
    passedFactorAt,
  })
}

const claimsOf = (at: number, method: string, secondMethod: string | undefined) =>
  (secondMethod === undefined ? [method] : [method, secondMethod]).map((authenticationMethod) => ({
    authenticationMethod,
    createdAt: at,
    updatedAt: at,
  }))

/** A token about to be stored; its assurance level is that of its session. */
export type NewSessionToken = Omit<SessionToken, 'aal'>

export async function insertTokens(tx: Tx, tokens: readonly NewSessionToken[], aal: Aal): Promise<void> {
  for (const token of tokens) await tx.run(insertToken, { ...token, aal })
}

/** The session of a request, and the assurance level of its token. */
export interface Acting {
  sessionId: string
  aal: Aal
}

/** The session of a request, with its assurance limited to the token's. */
export async function actingSession(tx: Tx, { sessionId, aal }: Acting): Promise<Session | undefined> {
  const session = await tx.one(sessionById, { id: sessionId })
  return session && { ...session, aal: lowerAal(session.aal, aal) }
}

/** Records an authentication method of a session at that time. */
export async function recordAmr(tx: Tx, sessionId: string, method: string, now: number): Promise<void> {
  await tx.run(upsertAmr, { sessionId, authenticationMethod: method, createdAt: now, updatedAt: now })
}

export async function loadOpenedSession(tx: Tx, user: User, session: Session): Promise<OpenedSession> {
  const [identities, factors, amr] = await together(
    identitiesIn(tx, user.id),
    factorsIn(tx, user),
    amrIn(tx, session.id),
  )
  return { user, session, identities, factors, amr }
}

/**
 * Lets no other transaction write the row of a user until this one ends, and returns it as it is then. A `guarded`
 * operation that begins with it and writes that row runs as if alone for this user, towards all operations that write it.
 * Without a write, an isolated transaction that has waited for the lock would go on with what it read before
 * (https://www.postgresql.org/docs/current/transaction-iso.html#XACT-REPEATABLE-READ). An isolated operation that does not
 * write the row begins with it as well, if it depends on what such an operation writes elsewhere, such as on links.
 */
export async function lockUser(tx: Tx, id: string): Promise<User | undefined> {
  // SQLite has one writer at a time. The row is read in a statement of its own, which sees it as it is once locked.
  if (tx.isRemote) await tx.one(lockedUser, { id })
  return tx.one(userById, { id })
}

/** Postgres numbers an account when it first writes a column that auth.users lacks. */
const numberAccount = statement({ id: users.id, username: users.username }, (db, { id, username }) =>
  db.update(users).set({ username }).where(eq(users.id, id)),
)

/** An account that supabase/auth or SQL made on Postgres has no number yet: it gets one. */
export async function withNumber(tx: Tx, user: User): Promise<User> {
  if (user.uid !== 0) return user
  await tx.run(numberAccount, user)
  return { ...user, uid: (await tx.one(userById, { id: user.id }))?.uid ?? 0 }
}

/**
 * Opens a session and records the sign-in on its user.
 * @param user the row as it was read in this transaction
 * @param set other columns to change
 */
export async function openSessionIn(
  tx: Tx,
  user: User,
  session: NewSession,
  now: number,
  set: Partial<User> = {},
): Promise<OpenedSession> {
  const signedIn = { ...(await withNumber(tx, user)), ...set, lastSignInAt: now, updatedAt: now }
  await saveUser(tx, user, signedIn)
  await startSession(tx, session, user)
  return loadOpenedSession(tx, signedIn, session.session)
}

/** @param keep id of the session to keep, if any */
export async function endSessions(tx: Tx, userId: string, keep?: string): Promise<number> {
  return notingEndedSessions(tx, userId, () => tx.run(deleteSessions, { userId, keep: keep ?? '' }))
}
