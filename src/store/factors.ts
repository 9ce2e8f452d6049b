/** Second factors and their challenges. */
import { and, eq, lt, ne, sql } from 'drizzle-orm'
import { type Attachments, attach } from './attachments'
import { read, statement, write } from './engine'
import {
  type Factor,
  type MfaChallenge,
  mfaAmrClaims,
  mfaChallenges,
  mfaFactors,
  sessions,
  type User,
  users,
} from './schema'
import {
  type AuditEntry,
  advanceSession,
  allFactorsIn,
  appendAudit,
  noteAmr,
  type Opened,
  openedSession,
  placeholder,
  placeholders,
  sessionById,
  userById,
} from './statements'

const insertFactor = statement((db) => db.insert(mfaFactors).values(placeholders(mfaFactors)).prepare())
const factorById = statement((db) =>
  db
    .select()
    .from(mfaFactors)
    .where(eq(mfaFactors.id, placeholder('id')))
    .prepare(),
)
const saveFactor = statement((db) =>
  db
    .update(mfaFactors)
    .set(placeholders(mfaFactors, 'id', 'userId', 'factorType', 'secret', 'createdAt'))
    .where(eq(mfaFactors.id, placeholder('id')))
    .prepare(),
)
const deleteFactor = statement((db) =>
  db
    .delete(mfaFactors)
    .where(eq(mfaFactors.id, placeholder('id')))
    .prepare(),
)
const recountFactors = statement((db) =>
  db
    .update(users)
    .set({ factorCount: sql`(SELECT count(*) FROM ${mfaFactors} WHERE ${mfaFactors.userId} = ${placeholder('id')})` })
    .where(eq(users.id, placeholder('id')))
    .prepare(),
)
const insertChallenge = statement((db) => db.insert(mfaChallenges).values(placeholders(mfaChallenges)).prepare())
const challengeById = statement((db) =>
  db
    .select()
    .from(mfaChallenges)
    .where(eq(mfaChallenges.id, placeholder('id')))
    .prepare(),
)
const spendChallenge = statement((db) =>
  db
    .update(mfaChallenges)
    .set({ verifiedAt: placeholder('now') as never })
    .where(eq(mfaChallenges.id, placeholder('id')))
    .prepare(),
)
const deleteOldChallenges = statement((db) =>
  db
    .delete(mfaChallenges)
    .where(and(eq(mfaChallenges.factorId, placeholder('factorId')), lt(mfaChallenges.createdAt, placeholder('before'))))
    .prepare(),
)
const setAssurance = statement((db) =>
  db
    .update(sessions)
    .set({ aal: placeholder('aal') as never, factorId: placeholder('factorId') as never })
    .where(eq(sessions.id, placeholder('id')))
    .prepare(),
)
const endLowSessions = statement((db) =>
  db
    .delete(sessions)
    .where(
      and(eq(sessions.userId, placeholder('userId')), ne(sessions.id, placeholder('keep')), eq(sessions.aal, 'aal1')),
    )
    .prepare(),
)
const sessionsOfFactor = statement((db) =>
  db
    .select({ id: sessions.id })
    .from(sessions)
    .where(eq(sessions.factorId, placeholder('factorId')))
    .prepare(),
)
const forgetMethod = statement((db) =>
  db
    .delete(mfaAmrClaims)
    .where(and(eq(mfaAmrClaims.sessionId, placeholder('sessionId')), eq(mfaAmrClaims.authenticationMethod, 'totp')))
    .prepare(),
)

export const listFactors = read(async (tx, userId: string) => allFactorsIn(tx, userId))

export const findFactor = read(async (tx, id: string) => tx.one(factorById, { id }))

export interface Enrolment {
  factor: Factor
  /** The caller's session. */
  sessionId: string
  maxFactors: number
  /** Unverified factors from before this instant make room. */
  staleBefore: number
  audit: AuditEntry[]
}

/** Adds a factor, not verified yet. With a verified one there already, the session has to have passed it. */
export const enrolFactor = write(
  async (
    tx,
    { factor, sessionId, maxFactors, staleBefore, audit }: Enrolment,
  ): Promise<'enrolled' | 'session_gone' | 'factor_name_taken' | 'factors_too_many' | 'aal_too_low_to_enrol'> => {
    const session = await tx.one(sessionById, { id: sessionId })
    if (!session || session.userId !== factor.userId) return 'session_gone'
    const present: Factor[] = []
    for (const each of await allFactorsIn(tx, factor.userId)) {
      const isStale = each.status === 'unverified' && each.lastChallengedAt === null && each.createdAt < staleBefore
      if (isStale) await tx.run(deleteFactor, { id: each.id })
      else present.push(each)
    }
    await tx.run(recountFactors, { id: factor.userId })
    if (present.some(({ friendlyName }) => friendlyName === factor.friendlyName)) return 'factor_name_taken'
    if (present.length >= maxFactors) return 'factors_too_many'
    if (session.aal !== 'aal2' && present.some(({ status }) => status === 'verified')) return 'aal_too_low_to_enrol'
    await tx.run(insertFactor, factor)
    await tx.run(recountFactors, { id: factor.userId })
    await appendAudit(tx, audit)
    return 'enrolled'
  },
)

/** Begins a challenge. @returns false where the factor is gone */
export const challengeFactor = write(
  async (
    tx,
    { challenge, staleBefore, audit }: { challenge: MfaChallenge; staleBefore: number; audit: AuditEntry[] },
  ): Promise<boolean> => {
    const factor = await tx.one(factorById, { id: challenge.factorId })
    if (!factor) return false
    await tx.run(deleteOldChallenges, { factorId: factor.id, before: staleBefore })
    await tx.run(insertChallenge, challenge)
    await tx.run(saveFactor, { ...factor, lastChallengedAt: challenge.createdAt, updatedAt: challenge.createdAt })
    await appendAudit(tx, audit)
    return true
  },
)

export const findChallenge = read(async (tx, id: string) => tx.one(challengeById, { id }))

export interface Passing {
  challengeId: string
  factorId: string
  sessionId: string
  /** The time step whose code was right; none but later ones are taken afterwards. */
  step: number
  now: number
  attachments: Attachments
}

/**
 * Passes a challenge: the factor counts as verified, the session is raised, its refresh token moves on, and sessions that
 * have passed no factor end. Each code passes once, whatever challenge or session shows it.
 */
export const passChallenge = write(
  async (
    tx,
    { challengeId, factorId, sessionId, step, now, attachments }: Passing,
  ): Promise<
    | { outcome: 'passed'; opened: Opened }
    | { outcome: 'challenge_spent' | 'step_replayed' | 'factor_gone' | 'session_gone' }
  > => {
    const challenge = await tx.one(challengeById, { id: challengeId })
    const factor = await tx.one(factorById, { id: factorId })
    const session = await tx.one(sessionById, { id: sessionId })
    if (!factor || challenge?.factorId !== factorId) return { outcome: 'factor_gone' }
    if (!session || session.userId !== factor.userId) return { outcome: 'session_gone' }
    if (challenge.verifiedAt !== null) return { outcome: 'challenge_spent' }
    if (step <= factor.lastStep) return { outcome: 'step_replayed' }
    await tx.run(spendChallenge, { id: challengeId, now })
    await tx.run(saveFactor, { ...factor, status: 'verified', lastStep: step, updatedAt: now })
    const raised = {
      ...session,
      ...{ aal: 'aal2' as const, factorId, refreshedAt: now, updatedAt: now },
      refreshTokenCounter: session.refreshTokenCounter + 1,
    }
    await tx.run(advanceSession, raised)
    await tx.run(setAssurance, { id: sessionId, aal: raised.aal, factorId })
    await noteAmr(tx, sessionId, 'totp', now)
    await tx.run(endLowSessions, { userId: factor.userId, keep: sessionId })
    const all = await allFactorsIn(tx, factor.userId)
    const user = (await tx.one(userById, { id: factor.userId })) as User
    // GoTrue answers with the factors as they were before the half-added ones went.
    const opened = await openedSession(tx, user, raised)
    const others = all.filter((each) => each.status === 'unverified' && each.factorType === factor.factorType)
    for (const { id } of others) await tx.run(deleteFactor, { id })
    await tx.run(recountFactors, { id: factor.userId })
    await attach(tx, attachments, now)
    return { outcome: 'passed', opened }
  },
)

export interface Unenrolment {
  factorId: string
  /** Where the user does it: the session that must have passed a factor for a verified one to go. */
  sessionId?: string
  now: number
  attachments: Attachments
}

/** Removes a factor; sessions that had passed it count as having passed none. */
export const removeFactor = write(
  async (
    tx,
    { factorId, sessionId, now, attachments }: Unenrolment,
  ): Promise<
    { outcome: 'removed'; factor: Factor } | { outcome: 'factor_gone' | 'session_gone' | 'aal_too_low_to_unenrol' }
  > => {
    const factor = await tx.one(factorById, { id: factorId })
    if (!factor) return { outcome: 'factor_gone' }
    if (sessionId !== undefined) {
      const session = await tx.one(sessionById, { id: sessionId })
      if (session?.userId !== factor.userId) return { outcome: 'session_gone' }
      if (factor.status === 'verified' && session.aal !== 'aal2') return { outcome: 'aal_too_low_to_unenrol' }
    }
    for (const { id } of await tx.all(sessionsOfFactor, { factorId })) {
      await tx.run(setAssurance, { id, aal: 'aal1', factorId: null })
      await tx.run(forgetMethod, { sessionId: id })
    }
    await tx.run(deleteFactor, { id: factorId })
    await tx.run(recountFactors, { id: factor.userId })
    await attach(tx, attachments, now)
    return { outcome: 'removed', factor }
  },
)

/** @returns undefined where there is no such factor */
export const renameFactor = write(
  async (
    tx,
    {
      factorId,
      friendlyName,
      now,
      audit,
    }: { factorId: string; friendlyName: string; now: number; audit: AuditEntry[] },
  ): Promise<Factor | 'factor_name_taken' | undefined> => {
    const factor = await tx.one(factorById, { id: factorId })
    if (!factor) return undefined
    const all = await allFactorsIn(tx, factor.userId)
    if (all.some((each) => each.id !== factorId && each.friendlyName === friendlyName)) return 'factor_name_taken'
    const renamed = { ...factor, friendlyName, updatedAt: now }
    await tx.run(saveFactor, renamed)
    await appendAudit(tx, audit)
    return renamed
  },
)
