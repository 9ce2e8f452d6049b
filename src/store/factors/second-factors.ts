/** Proofs of second factors, and their effect on a session. Each proof can be used once. */
import { and, eq, inArray, isNull, ne, sql } from 'drizzle-orm'
import { METHOD_OF } from '../../lib/factor-types'
import { notingEndedSessions } from '../account-changes'
import { runGuarded, type Tx } from '../engine'
import { statement } from '../query'
import { type Factor, mfaFactors, mfaRecoveryCodes, type Session, sessions, type WebauthnCredential } from '../schema'
import { advanceSession, type NewKey } from '../sessions/advance'
import { recordAmr } from '../statements'
import { forgetAttempts } from './factor-attempts'
import { addCredential, type CredentialUse, useCredential } from './webauthn'

export const factorById = statement({ id: mfaFactors.id }, (db, { id }) =>
  db.select().from(mfaFactors).where(eq(mfaFactors.id, id)),
)
const verifyFactor = statement(
  { id: mfaFactors.id, status: mfaFactors.status, updatedAt: mfaFactors.updatedAt },
  (db, { id, ...set }) => db.update(mfaFactors).set(set).where(eq(mfaFactors.id, id)),
)
const setAaguid = statement(
  { id: mfaFactors.id, webAuthnAaguid: mfaFactors.webAuthnAaguid },
  (db, { id, webAuthnAaguid }) =>
    db
      .update(mfaFactors)
      .set({ webAuthnAaguid })
      .where(and(eq(mfaFactors.id, id), eq(mfaFactors.status, 'unverified'))),
)
export const setAssurance = statement(
  { id: sessions.id, aal: sessions.aal, factorId: sessions.factorId },
  (db, { id, aal, factorId }) => db.update(sessions).set({ aal, factorId }).where(eq(sessions.id, id)),
)
const endLowSessions = statement({ userId: sessions.userId, keep: sessions.id }, (db, { userId, keep }) =>
  db.delete(sessions).where(and(eq(sessions.userId, userId), ne(sessions.id, keep), eq(sessions.aal, 'aal1'))),
)
const consumeRecoveryCode = statement(
  {
    factorId: mfaRecoveryCodes.factorId,
    now: mfaRecoveryCodes.usedAt,
    hash: mfaRecoveryCodes.codeHash,
    otherHash: mfaRecoveryCodes.codeHash,
  },
  (db, p) =>
    db
      .update(mfaRecoveryCodes)
      .set({ usedAt: p.now })
      .where(
        and(
          eq(mfaRecoveryCodes.factorId, p.factorId),
          inArray(mfaRecoveryCodes.codeHash, [p.hash, p.otherHash]),
          isNull(mfaRecoveryCodes.usedAt),
        ),
      ),
)
/**
 * A quarter of an hour in steps of 30 seconds. If the clock is set back by less, codes are refused until it has caught
 * up, so that none is accepted twice. A step further ahead comes from a wrong clock, and is ignored so that users are
 * not locked out.
 */
const MAX_STEPS_AHEAD = 30

const useStep = statement({ id: mfaFactors.id, step: mfaFactors.lastStep }, (db, { id, step }) =>
  db
    .update(mfaFactors)
    .set({ lastStep: step })
    .where(
      and(
        eq(mfaFactors.id, id),
        sql`(${mfaFactors.lastStep} < ${step} OR ${mfaFactors.lastStep} - ${step} > ${MAX_STEPS_AHEAD})`,
      ),
    ),
)

const returnStep = statement(
  { id: mfaFactors.id, step: mfaFactors.lastStep, before: mfaFactors.lastStep },
  (db, { id, step, before }) =>
    db
      .update(mfaFactors)
      .set({ lastStep: before })
      .where(and(eq(mfaFactors.id, id), eq(mfaFactors.lastStep, step))),
)
const returnRecoveryCode = statement(
  {
    factorId: mfaRecoveryCodes.factorId,
    at: mfaRecoveryCodes.usedAt,
    hash: mfaRecoveryCodes.codeHash,
    otherHash: mfaRecoveryCodes.codeHash,
  },
  (db, p) =>
    db
      .update(mfaRecoveryCodes)
      .set({ usedAt: null })
      .where(
        and(
          eq(mfaRecoveryCodes.factorId, p.factorId),
          inArray(mfaRecoveryCodes.codeHash, [p.hash, p.otherHash]),
          eq(mfaRecoveryCodes.usedAt, p.at),
        ),
      ),
)

/** A verified proof of a factor. */
export type Proof = { factorId: string } & (
  | { type: 'phone' }
  /** The matching time step; only later ones are accepted afterwards (RFC 6238 §5.2). */
  | { type: 'totp'; step: number }
  /** The code's hash under the current pepper and the previous one. */
  | { type: 'recovery_code'; hashes: readonly string[] }
  /** A first registration, or a use of a registered credential. */
  | { type: 'webauthn'; made: WebauthnCredential }
  | { type: 'webauthn'; used: CredentialUse }
)

export type ProofRefused = 'factor_gone' | 'proof_used' | 'credential_taken'

/** Where and when a proof is given. */
export interface ProofContext {
  network: string | undefined
  now: number
}

/**
 * Consumes a proof. The factor becomes verified, and attempts are reset: those from this network, or, for an unknown
 * network, those from all unknown ones.
 */
export async function consumeProof(
  tx: Tx,
  userId: string,
  proof: Proof,
  { network, now }: ProofContext,
): Promise<Factor | ProofRefused> {
  const factor = await tx.one(factorById, { id: proof.factorId })
  if (factor?.userId !== userId || factor.factorType !== proof.type) return 'factor_gone'
  let { lastStep, webAuthnAaguid } = factor
  if (proof.type === 'totp') {
    if ((await tx.run(useStep, { id: factor.id, step: proof.step })) === 0) return 'proof_used'
    lastStep = proof.step
  } else if (proof.type === 'recovery_code') {
    const [hash = '', otherHash = hash] = proof.hashes
    if ((await tx.run(consumeRecoveryCode, { factorId: factor.id, hash, otherHash, now })) === 0) return 'proof_used'
  } else if (proof.type === 'webauthn' && 'made' in proof) {
    if (factor.status === 'verified') return 'proof_used'
    if (!(await addCredential(tx, proof.made))) return 'credential_taken'
    webAuthnAaguid = proof.made.aaguid
    await runGuarded(tx, setAaguid, { id: factor.id, webAuthnAaguid })
  } else if (proof.type === 'webauthn' && !(await useCredential(tx, proof.used, now))) return 'proof_used'
  const taken: Factor = { ...factor, lastStep, webAuthnAaguid, status: 'verified', updatedAt: now }
  await tx.run(verifyFactor, taken)
  if (factor.status !== 'verified') tx.changes?.push({ kind: 'factor_verified', userId, factor: taken })
  // Security keys are not guessed; every other attempt was counted before it was checked.
  if (proof.type !== 'webauthn') await forgetAttempts(tx, userId, network)
  return taken
}

/**
 * Makes a code usable again. Only for the one whose `consumeProof` succeeded at that time; a later step stays used.
 * Authenticators count on, and a new SMS is sent for each challenge.
 * @param lastStep of the factor before
 */
export async function restoreProof(
  tx: Tx,
  proof: Proof,
  { lastStep, at }: { lastStep: number; at: number },
): Promise<void> {
  // Postgres has no row for a factor without a step; step 0 was in 1970.
  if (proof.type === 'totp')
    await tx.run(returnStep, { id: proof.factorId, step: proof.step, before: Math.max(lastStep, 0) })
  if (proof.type !== 'recovery_code') return
  const [hash = '', otherHash = hash] = proof.hashes
  await tx.run(returnRecoveryCode, { factorId: proof.factorId, hash, otherHash, at })
}

/**
 * How far the counter advances. With one step, the previous refresh token would be the parent, which is answered with a
 * token of the elevated session however late (docs/wire-contract.md#refresh-tokens).
 */
const ELEVATION_COUNTER_STEPS = 2

/** Ends the aal1 sessions of a user, except one. */
export async function endLowSessionsIn(tx: Tx, userId: string, keep: string): Promise<void> {
  await notingEndedSessions(tx, userId, () => tx.run(endLowSessions, { userId, keep }))
}

/** Elevates a session that passed a factor: its refresh token advances. */
export async function elevateSession(
  tx: Tx,
  session: Session,
  { id, factorType }: Factor,
  { now, newKey }: { now: number; newKey: NewKey },
): Promise<Session> {
  const refreshTokenCounter = session.refreshTokenCounter + ELEVATION_COUNTER_STEPS
  const elevated: Session = {
    ...session,
    aal: 'aal2',
    factorId: id,
    refreshedAt: now,
    updatedAt: now,
    refreshTokenCounter,
    elevatedAtCounter: session.aal === 'aal2' ? session.elevatedAtCounter : refreshTokenCounter,
  }
  const raised = await advanceSession(tx, session, elevated, newKey)
  await tx.run(setAssurance, { id: session.id, aal: raised.aal, factorId: id })
  await recordAmr(tx, session.id, METHOD_OF[factorType], now)
  return raised
}
