/** Challenges to show a second factor. */
import { and, eq, lt } from 'drizzle-orm'
import { type Attachments, attach } from './attachments'
import { read, statement, write } from './engine'
import { dropUnverified } from './factors'
import { type MfaChallenge, mfaChallenges, type User } from './schema'
import {
  countAttempt,
  factorById,
  type GuessLimit,
  type Proof,
  type ProofRefused,
  raiseSession,
  saveFactor,
  takeProof,
} from './second-factors'
import {
  type AuditEntry,
  allFactorsIn,
  appendAudit,
  type Opened,
  openedSession,
  placeholder,
  placeholders,
  sessionById,
  userById,
} from './statements'

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
const deleteChallenge = statement((db) =>
  db
    .delete(mfaChallenges)
    .where(eq(mfaChallenges.id, placeholder('id')))
    .prepare(),
)
const deleteOldChallenges = statement((db) =>
  db
    .delete(mfaChallenges)
    .where(and(eq(mfaChallenges.factorId, placeholder('factorId')), lt(mfaChallenges.createdAt, placeholder('before'))))
    .prepare(),
)

export interface NewChallenge {
  challenge: MfaChallenge
  /** Challenges from before this instant are over. */
  staleBefore: number
  /** Shortest time since the last one, where it costs a message. */
  spacingMs?: number | undefined
  audit: AuditEntry[]
}

/** Begins a challenge. `previousAt`: when the factor was challenged before. */
export const beginChallenge = write(
  async (
    tx,
    { challenge, staleBefore, spacingMs = 0, audit }: NewChallenge,
  ): Promise<
    | { outcome: 'begun'; previousAt: number | null }
    | { outcome: 'factor_gone' }
    | { outcome: 'too_soon'; waitMs: number }
  > => {
    const factor = await tx.one(factorById, { id: challenge.factorId })
    if (!factor) return { outcome: 'factor_gone' }
    const previousAt = factor.lastChallengedAt
    const waitMs = previousAt === null ? 0 : previousAt + spacingMs - challenge.createdAt
    if (spacingMs > 0 && waitMs > 0) return { outcome: 'too_soon', waitMs }
    await tx.run(deleteOldChallenges, { factorId: factor.id, before: staleBefore })
    await tx.run(insertChallenge, challenge)
    await tx.run(saveFactor, { ...factor, lastChallengedAt: challenge.createdAt, updatedAt: challenge.createdAt })
    await appendAudit(tx, audit)
    return { outcome: 'begun', previousAt }
  },
)

/** Takes a challenge back whose message could not be sent. */
export const withdrawChallenge = write(
  async (
    tx,
    { id, factorId, previousAt }: { id: string; factorId: string; previousAt: number | null },
  ): Promise<void> => {
    await tx.run(deleteChallenge, { id })
    const factor = await tx.one(factorById, { id: factorId })
    if (factor) await tx.run(saveFactor, { ...factor, lastChallengedAt: previousAt })
  },
)

export const findChallenge = read(async (tx, id: string) => tx.one(challengeById, { id }))

/** Counts a guess, before it is looked at. @returns how long to wait; 0: it may be looked at */
export const countFactorAttempt = write(
  (tx, { userId, limit, now }: { userId: string; limit: GuessLimit; now: number }) =>
    countAttempt(tx, userId, limit, now),
)

export interface Passing {
  /** None: what was shown needs none. */
  challengeId?: string
  userId: string
  sessionId: string
  proof: Proof
  now: number
  attachments: Attachments
}

/**
 * Takes what was shown of a factor: the session is raised, its refresh token moves on, and sessions that have passed no
 * factor end.
 */
export const passFactor = write(
  async (
    tx,
    { challengeId, userId, sessionId, proof, now, attachments }: Passing,
  ): Promise<
    | { outcome: 'passed'; opened: Opened }
    | { outcome: ProofRefused | 'challenge_spent' | 'session_gone' | 'aal_too_low_to_enrol' }
  > => {
    const session = await tx.one(sessionById, { id: sessionId })
    if (session?.userId !== userId) return { outcome: 'session_gone' }
    if (challengeId !== undefined) {
      const challenge = await tx.one(challengeById, { id: challengeId })
      if (challenge?.factorId !== proof.factorId) return { outcome: 'factor_gone' }
      if (challenge.verifiedAt !== null) return { outcome: 'challenge_spent' }
    }
    // What was added before the first factor counted must not become a way around it.
    const verified = (await allFactorsIn(tx, userId)).filter(({ status }) => status === 'verified')
    if (session.aal !== 'aal2' && verified.length > 0 && verified.every(({ id }) => id !== proof.factorId))
      return { outcome: 'aal_too_low_to_enrol' }
    const factor = await takeProof(tx, userId, proof, now)
    if (typeof factor === 'string') return { outcome: factor }
    if (challengeId !== undefined) await tx.run(spendChallenge, { id: challengeId, now })
    const raised = await raiseSession(tx, session, factor, now)
    // GoTrue answers with the factors as they were before the half-added ones went.
    const opened = await openedSession(tx, (await tx.one(userById, { id: userId })) as User, raised)
    await dropUnverified(tx, userId, factor.factorType)
    await attach(tx, attachments, now)
    return { outcome: 'passed', opened }
  },
)
