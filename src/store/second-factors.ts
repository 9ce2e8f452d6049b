/** What a user shows of a second factor, and what it makes true of a session. Each thing shown counts once. */
import { and, eq, inArray, isNull, ne, sql } from 'drizzle-orm'
import { METHOD_OF } from '../lib/factor-types'
import { statement, type Tx } from './engine'
import {
  type Factor,
  mfaAttempts,
  mfaFactors,
  mfaRecoveryCodes,
  type Session,
  sessions,
  type WebauthnCredential,
} from './schema'
import { advanceSession, noteAmr, placeholder, placeholders } from './statements'
import { addCredential, type CredentialUse, useCredential } from './webauthn'

export const factorById = statement((db) =>
  db
    .select()
    .from(mfaFactors)
    .where(eq(mfaFactors.id, placeholder('id')))
    .prepare(),
)
export const saveFactor = statement((db) =>
  db
    .update(mfaFactors)
    .set(placeholders(mfaFactors, 'id', 'userId', 'factorType', 'secret', 'phone', 'createdAt'))
    .where(eq(mfaFactors.id, placeholder('id')))
    .prepare(),
)
export const setAssurance = statement((db) =>
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
const spendRecoveryCode = statement((db) =>
  db
    .update(mfaRecoveryCodes)
    .set({ usedAt: placeholder('now') as never })
    .where(
      and(
        eq(mfaRecoveryCodes.factorId, placeholder('factorId')),
        inArray(mfaRecoveryCodes.codeHash, [placeholder('hash'), placeholder('otherHash')]),
        isNull(mfaRecoveryCodes.usedAt),
      ),
    )
    .prepare(),
)
const attemptsOf = statement((db) =>
  db
    .select()
    .from(mfaAttempts)
    .where(eq(mfaAttempts.userId, placeholder('userId')))
    .prepare(),
)
const saveAttempts = statement((db) =>
  db
    .insert(mfaAttempts)
    .values(placeholders(mfaAttempts))
    .onConflictDoUpdate({
      target: mfaAttempts.userId,
      set: { attempts: sql`excluded.attempts`, since: sql`excluded.since` },
    })
    .prepare(),
)
const deleteAttempts = statement((db) =>
  db
    .delete(mfaAttempts)
    .where(eq(mfaAttempts.userId, placeholder('userId')))
    .prepare(),
)

/** What was shown of a factor and found right. */
export type Proof = { factorId: string } & (
  | { type: 'phone' }
  /** The time step whose code it was; none but later ones count afterwards (RFC 6238 §5.2). */
  | { type: 'totp'; step: number }
  /** The code's hash under the present pepper and the one before it. */
  | { type: 'recovery_code'; hashes: readonly string[] }
  /** A first registration, or a use of what was registered. */
  | { type: 'webauthn'; made: WebauthnCredential }
  | { type: 'webauthn'; used: CredentialUse }
)

export type ProofRefused = 'factor_gone' | 'proof_used' | 'credential_taken'

/** Uses up what was shown. The factor counts as verified from then on, and guesses are forgotten. */
export async function takeProof(tx: Tx, userId: string, proof: Proof, now: number): Promise<Factor | ProofRefused> {
  const factor = await tx.one(factorById, { id: proof.factorId })
  if (factor?.userId !== userId || factor.factorType !== proof.type) return 'factor_gone'
  const change: Partial<Factor> = {}
  if (proof.type === 'totp') {
    if (proof.step <= factor.lastStep) return 'proof_used'
    change.lastStep = proof.step
  } else if (proof.type === 'recovery_code') {
    const [hash, otherHash = hash] = proof.hashes
    if ((await tx.run(spendRecoveryCode, { factorId: factor.id, hash, otherHash, now })) === 0) return 'proof_used'
  } else if (proof.type === 'webauthn' && 'made' in proof) {
    if (factor.status === 'verified') return 'proof_used'
    if (!(await addCredential(tx, proof.made))) return 'credential_taken'
    change.webAuthnAaguid = proof.made.aaguid
  } else if (proof.type === 'webauthn' && !(await useCredential(tx, proof.used, now))) return 'proof_used'
  const taken: Factor = { ...factor, ...change, status: 'verified', updatedAt: now }
  await tx.run(saveFactor, taken)
  await clearAttempts(tx, userId)
  return taken
}

/**
 * How far the counter moves on. The step between makes the refresh token from before no parent, so that it is never
 * answered with one of the raised session (contract 4.4).
 */
const RAISE_STEPS = 2

/** Raises a session that has passed a factor: its refresh token moves on, and sessions that have passed none end. */
export async function raiseSession(tx: Tx, session: Session, { id, factorType }: Factor, now: number) {
  const raised: Session = {
    ...session,
    ...{ aal: 'aal2', factorId: id, refreshedAt: now, updatedAt: now },
    refreshTokenCounter: session.refreshTokenCounter + RAISE_STEPS,
  }
  await tx.run(advanceSession, raised)
  await tx.run(setAssurance, { id: session.id, aal: raised.aal, factorId: id })
  await noteAmr(tx, session.id, METHOD_OF[factorType], now)
  await tx.run(endLowSessions, { userId: session.userId, keep: session.id })
  return raised
}

/** How many guesses a user has in which time. */
export interface GuessLimit {
  max: number
  windowMs: number
}

/** Counts a guess at a code of a user's factors, before it is looked at. @returns how long to wait; 0: it may be looked at */
export async function countAttempt(
  tx: Tx,
  userId: string,
  { max, windowMs }: GuessLimit,
  now: number,
): Promise<number> {
  const found = await tx.one(attemptsOf, { userId })
  const isOpen = found !== undefined && now < found.since + windowMs
  if (isOpen && found.attempts >= max) return found.since + windowMs - now
  await tx.run(saveAttempts, { userId, attempts: isOpen ? found.attempts + 1 : 1, since: isOpen ? found.since : now })
  return 0
}

export async function clearAttempts(tx: Tx, userId: string): Promise<void> {
  await tx.run(deleteAttempts, { userId })
}
