/** Challenges to show a second factor. */

import { and, eq, lt } from 'drizzle-orm'
import { remainingMs } from '../lib/time'
import { type Attachments, attach } from './attachments'
import { read, statement, type Tx, write } from './engine'
import { dropUnverified } from './factors'
import { type MfaChallenge, mfaChallenges, type User, users } from './schema'
import { factorById, type Proof, type ProofRefused, raiseSession, saveFactor, takeProof } from './second-factors'
import {
  type Acting,
  type AuditEntry,
  actingSession,
  allFactorsIn,
  appendAudit,
  notePassing,
  type Opened,
  openedSession,
  placeholder,
  placeholders,
  saveUser,
  userById,
} from './statements'
import { killTokensOf } from './verification/work'

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

const setFactorSms = statement((db) =>
  db
    .update(users)
    .set({ factorSmsSentAt: placeholder('at') as never })
    .where(eq(users.id, placeholder('id')))
    .prepare(),
)

export interface NewChallenge {
  challenge: MfaChallenge
  /** Challenges from before this instant are over. */
  staleBefore: number
  /** Shortest time since the user's last one, where it costs an SMS. */
  smsSpacingMs?: number | undefined
  audit: AuditEntry[]
}

/** When a factor was challenged before, and its user sent an SMS. */
export interface Before {
  challengedAt: number | null
  smsSentAt: number | null
}

/** Begins a challenge. */
export const beginChallenge = write(
  async (
    tx,
    { challenge, staleBefore, smsSpacingMs, audit }: NewChallenge,
  ): Promise<
    { outcome: 'begun'; before: Before } | { outcome: 'factor_gone' } | { outcome: 'too_soon'; waitMs: number }
  > => {
    const factor = await tx.one(factorById, { id: challenge.factorId })
    const user = factor && (await tx.one(userById, { id: factor.userId }))
    if (!factor || !user) return { outcome: 'factor_gone' }
    const before = { challengedAt: factor.lastChallengedAt, smsSentAt: user.factorSmsSentAt }
    if (smsSpacingMs !== undefined) {
      const waitMs = remainingMs(before.smsSentAt, smsSpacingMs, challenge.createdAt)
      if (waitMs > 0) return { outcome: 'too_soon', waitMs }
      await tx.run(setFactorSms, { id: user.id, at: challenge.createdAt })
    }
    await tx.run(deleteOldChallenges, { factorId: factor.id, before: staleBefore })
    await tx.run(insertChallenge, challenge)
    await tx.run(saveFactor, { ...factor, lastChallengedAt: challenge.createdAt, updatedAt: challenge.createdAt })
    await appendAudit(tx, audit)
    return { outcome: 'begun', before }
  },
)

/** Takes a challenge back whose message could not be sent. */
export const withdrawChallenge = write(
  async (tx, { id, factorId, before }: { id: string; factorId: string; before: Before }): Promise<void> => {
    await tx.run(deleteChallenge, { id })
    const factor = await tx.one(factorById, { id: factorId })
    if (!factor) return
    await tx.run(saveFactor, { ...factor, lastChallengedAt: before.challengedAt })
    await tx.run(setFactorSms, { id: factor.userId, at: before.smsSentAt })
  },
)

export const findChallenge = read(async (tx, id: string) => tx.one(challengeById, { id }))

export interface Passing extends Acting {
  /** None: what was shown needs none. */
  challengeId?: string
  userId: string
  proof: Proof
  network: string | undefined
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
    { challengeId, userId, proof, network, now, attachments, ...acting }: Passing,
  ): Promise<
    | { outcome: 'passed'; opened: Opened }
    | { outcome: ProofRefused | 'challenge_spent' | 'session_gone' | 'aal_too_low_to_enrol' }
  > => {
    const session = await actingSession(tx, acting)
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
    const factor = await takeProof(tx, userId, proof, { network, now })
    if (typeof factor === 'string') return { outcome: factor }
    if (challengeId !== undefined) await tx.run(spendChallenge, { id: challengeId, now })
    if (network !== undefined) await tx.run(notePassing, { userId, network, lastSeenAt: now, passedFactorAt: now })
    const raised = await raiseSession(tx, session, factor, now)
    // A change of address or number that was begun without a factor may be that of whoever knows the password.
    if (verified.length === 0) await forgetContactChanges(tx, userId, now)
    // GoTrue answers with the factors as they were before the half-added ones went.
    const opened = await openedSession(tx, (await tx.one(userById, { id: userId })) as User, raised)
    await dropUnverified(tx, userId, factor.factorType)
    await attach(tx, attachments, now)
    return { outcome: 'passed', opened }
  },
)

async function forgetContactChanges(tx: Tx, userId: string, now: number): Promise<void> {
  const user = await tx.one(userById, { id: userId })
  if (!user || (user.emailChange === null && user.phoneChange === null)) return
  await killTokensOf(tx, user, now)
  const nothing = { emailChange: null, emailChangeConfirmStatus: 0, phoneChange: null }
  await tx.run(saveUser, { ...user, ...nothing })
}
