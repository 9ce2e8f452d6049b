/** Second-factor challenges. */
import { and, eq, isNull, lt } from 'drizzle-orm'
import { lowerAal } from '../../lib/assurance'
import { METHOD_OF } from '../../lib/factor-types'
import { remainingMs } from '../../lib/time'
import { withoutPendingContacts } from '../accounts/save-account'
import { saveUser } from '../accounts/save-user'
import type { AuditEntry } from '../audit-entry'
import { appendAudit } from '../audit-log'
import { read, runGuarded, type Tx, write } from '../engine'
import { endPendingLinks } from '../oauth/pending-links'
import { columnsOf, statement } from '../query'
import { type RelatedWrites, writeRelated } from '../related-writes'
import { type MfaChallenge, mfaAmrClaims, mfaChallenges, mfaFactors, type Session, type User, users } from '../schema'
import { type NewKey, returnSession } from '../sessions/advance'
import {
  type Acting,
  allFactorsIn,
  loadOpenedSession,
  lockUser,
  type OpenedSession,
  recordFactorNetwork,
  sessionById,
  userById,
} from '../statements'
import { invalidateTokensOf } from '../verification/operations'
import { dropUnverified } from './factors'
import {
  consumeProof,
  elevateSession,
  endLowSessionsIn,
  factorById,
  type Proof,
  type ProofRefused,
  restoreProof,
  setAssurance,
} from './second-factors'

const insertChallenge = statement(columnsOf(mfaChallenges), (db, p) => db.insert(mfaChallenges).values(p))
const challengeById = statement({ id: mfaChallenges.id }, (db, { id }) =>
  db.select().from(mfaChallenges).where(eq(mfaChallenges.id, id)),
)
const consumeChallenge = statement({ id: mfaChallenges.id, now: mfaChallenges.verifiedAt }, (db, { id, now }) =>
  db
    .update(mfaChallenges)
    .set({ verifiedAt: now })
    .where(and(eq(mfaChallenges.id, id), isNull(mfaChallenges.verifiedAt))),
)
const reopenChallenge = statement({ id: mfaChallenges.id, at: mfaChallenges.verifiedAt }, (db, { id, at }) =>
  db
    .update(mfaChallenges)
    .set({ verifiedAt: null })
    .where(and(eq(mfaChallenges.id, id), eq(mfaChallenges.verifiedAt, at))),
)
const deleteAmr = statement(
  {
    sessionId: mfaAmrClaims.sessionId,
    method: mfaAmrClaims.authenticationMethod,
    at: mfaAmrClaims.updatedAt,
  },
  (db, { sessionId, method, at }) =>
    db
      .delete(mfaAmrClaims)
      .where(
        and(
          eq(mfaAmrClaims.sessionId, sessionId),
          eq(mfaAmrClaims.authenticationMethod, method),
          eq(mfaAmrClaims.updatedAt, at),
        ),
      ),
)
const deleteChallenge = statement({ id: mfaChallenges.id }, (db, { id }) =>
  db.delete(mfaChallenges).where(eq(mfaChallenges.id, id)),
)
const deleteOldChallenges = statement(
  { factorId: mfaChallenges.factorId, before: mfaChallenges.createdAt },
  (db, { factorId, before }) =>
    db.delete(mfaChallenges).where(and(eq(mfaChallenges.factorId, factorId), lt(mfaChallenges.createdAt, before))),
)

const recordChallenge = statement(
  { id: mfaFactors.id, lastChallengedAt: mfaFactors.lastChallengedAt, updatedAt: mfaFactors.updatedAt },
  (db, { id, ...set }) => db.update(mfaFactors).set(set).where(eq(mfaFactors.id, id)),
)

const setFactorSms = statement({ id: users.id, at: users.factorSmsSentAt }, (db, { id, at }) =>
  db.update(users).set({ factorSmsSentAt: at }).where(eq(users.id, id)),
)

export interface NewChallenge {
  challenge: MfaChallenge
  /** Challenges created before this time are expired. */
  staleBefore: number
  /** Minimum time since the user's last one, if it costs an SMS. */
  smsCooldownMs?: number | undefined
  audit: AuditEntry[]
}

/** When the factor was last challenged, and its user last sent an SMS. */
export interface PreviousSendTimes {
  challengedAt: number | null
  smsSentAt: number | null
}

/** Starts a challenge. */
export const beginChallenge = write(
  async (
    tx,
    { challenge, staleBefore, smsCooldownMs, audit }: NewChallenge,
  ): Promise<
    | { outcome: 'begun'; previous: PreviousSendTimes }
    | { outcome: 'factor_gone' }
    | { outcome: 'too_soon'; waitMs: number }
  > => {
    const factor = await tx.one(factorById, { id: challenge.factorId })
    const user = factor && (await tx.one(userById, { id: factor.userId }))
    if (!factor || !user) return { outcome: 'factor_gone' }
    const previous = { challengedAt: factor.lastChallengedAt, smsSentAt: user.factorSmsSentAt }
    if (smsCooldownMs !== undefined) {
      const waitMs = remainingMs(previous.smsSentAt, smsCooldownMs, challenge.createdAt)
      if (waitMs > 0) return { outcome: 'too_soon', waitMs }
      await tx.run(setFactorSms, { id: user.id, at: challenge.createdAt })
    }
    await tx.run(deleteOldChallenges, { factorId: factor.id, before: staleBefore })
    await tx.run(insertChallenge, challenge)
    await tx.run(recordChallenge, {
      id: factor.id,
      lastChallengedAt: challenge.createdAt,
      updatedAt: challenge.createdAt,
    })
    await appendAudit(tx, audit)
    return { outcome: 'begun', previous }
  },
)

/** Rolls back a challenge whose message could not be sent. */
export const rollBackChallenge = write(
  async (
    tx,
    { id, factorId, previous }: { id: string; factorId: string; previous: PreviousSendTimes },
  ): Promise<void> => {
    await tx.run(deleteChallenge, { id })
    const factor = await tx.one(factorById, { id: factorId })
    if (!factor) return
    await tx.run(recordChallenge, { ...factor, lastChallengedAt: previous.challengedAt })
    await tx.run(setFactorSms, { id: factor.userId, at: previous.smsSentAt })
  },
)

export const findChallenge = read(async (tx, id: string) => tx.one(challengeById, { id }))

export interface ChallengeCompletion extends Acting {
  /** Id of the challenge that the proof answers; undefined if the proof needs no challenge. */
  challengeId?: string
  userId: string
  proof: Proof
  network: string | undefined
  now: number
  newKey: NewKey
  /** Whether the user's aal1 sessions remain, until `endLowSessions`. */
  keepsLowSessions?: boolean
  related: RelatedWrites
}

/** The session and the factor as they were before, for `withdrawElevation`. */
export interface BeforeElevation {
  session: Session
  lastStep: number
}

/**
 * Consumes the proof of a factor: the session becomes aal2, its refresh token advances, and the user's aal1 sessions
 * end.
 */
export const completeChallenge = write(
  async (
    tx,
    { challengeId, userId, proof, network, now, newKey, keepsLowSessions, related, ...acting }: ChallengeCompletion,
  ): Promise<
    | { outcome: 'passed'; opened: OpenedSession; before: BeforeElevation }
    | { outcome: ProofRefused | 'challenge_spent' | 'session_gone' | 'aal_too_low_to_enrol' }
  > => {
    const stored = await tx.one(sessionById, { id: acting.sessionId })
    if (stored?.userId !== userId) return { outcome: 'session_gone' }
    const session = { ...stored, aal: lowerAal(stored.aal, acting.aal) }
    if (challengeId !== undefined) {
      const challenge = await tx.one(challengeById, { id: challengeId })
      if (challenge?.factorId !== proof.factorId) return { outcome: 'factor_gone' }
      if (challenge.verifiedAt !== null) return { outcome: 'challenge_spent' }
    }
    // A factor added before the first one was verified must not become a way around it.
    const present = await allFactorsIn(tx, userId)
    const verified = present.filter(({ status }) => status === 'verified')
    if (session.aal !== 'aal2' && verified.length > 0 && verified.every(({ id }) => id !== proof.factorId))
      return { outcome: 'aal_too_low_to_enrol' }
    const factor = await consumeProof(tx, userId, proof, { network, now })
    if (typeof factor === 'string') return { outcome: factor }
    if (challengeId !== undefined) await runGuarded(tx, consumeChallenge, { id: challengeId, now })
    if (network !== undefined)
      await tx.run(recordFactorNetwork, { userId, network, lastSeenAt: now, passedFactorAt: now })
    const raised = await elevateSession(tx, session, factor, { now, newKey })
    if (!keepsLowSessions) await endLowSessionsIn(tx, userId, session.id)
    // What was requested without a factor may come from someone who only knows the password.
    if (verified.length === 0) {
      await forgetContactChanges(tx, userId, now)
      await endPendingLinks(tx, userId)
    }
    // GoTrue returns the factors as they were before unverified ones are deleted.
    const opened = await loadOpenedSession(tx, (await tx.one(userById, { id: userId })) as User, raised)
    await dropUnverified(tx, userId, factor.factorType)
    await writeRelated(tx, related, now)
    const lastStep = present.find(({ id }) => id === proof.factorId)?.lastStep ?? 0
    return { outcome: 'passed', opened, before: { session: stored, lastStep } }
  },
)

/** Ends the aal1 sessions of a user whose session was elevated. */
export const endLowSessions = write(async (tx, { userId, keep }: { userId: string; keep: string }): Promise<void> => {
  await endLowSessionsIn(tx, userId, keep)
})

export interface ElevationWithdrawal extends Pick<ChallengeCompletion, 'challengeId' | 'proof'> {
  before: BeforeElevation
  /** The session as `completeChallenge` left it. */
  raised: Session
  /** When it did. */
  at: number
  audit: AuditEntry[]
}

/**
 * Returns a session to what it was before a factor was passed, because it got no access token: with its previous refresh
 * token; challenge and code can be used again. A factor that was verified stays so.
 * @returns false if the session no longer exists, or has changed since; then nothing comes back
 */
export const withdrawElevation = write(
  async (tx, { challengeId, proof, before, raised, at, audit }: ElevationWithdrawal): Promise<boolean> => {
    const { session, lastStep } = before
    if (!(await returnSession(tx, { from: raised, to: session }))) return false
    await tx.run(setAssurance, session)
    if (session.aal === 'aal1') await tx.run(deleteAmr, { sessionId: session.id, method: METHOD_OF[proof.type], at })
    if (challengeId !== undefined) await tx.run(reopenChallenge, { id: challengeId, at })
    await restoreProof(tx, proof, { lastStep, at })
    await appendAudit(tx, audit)
    return true
  },
)

async function forgetContactChanges(tx: Tx, userId: string, now: number): Promise<void> {
  const user = await lockUser(tx, userId)
  if (!user || (user.emailChange === null && user.phoneChange === null)) return
  await invalidateTokensOf(tx, user, now)
  await saveUser(tx, user, { ...user, ...withoutPendingContacts() })
}
