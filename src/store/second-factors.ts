/** Proofs of second factors, and their effect on a session. Each proof counts once. */
import { and, eq, inArray, isNull, ne, sql } from 'drizzle-orm'
import { METHOD_OF } from '../lib/factor-types'
import { type Tx, write } from './engine'
import { columnsOf, statement } from './query'
import {
  type Factor,
  mfaAttempts,
  mfaFactors,
  mfaRecoveryCodes,
  type Session,
  sessions,
  type WebauthnCredential,
} from './schema'
import { advanceSession, networkOf, recordAmr } from './statements'
import { addCredential, type CredentialUse, useCredential } from './webauthn'

export const factorById = statement({ id: mfaFactors.id }, (db, { id }) =>
  db.select().from(mfaFactors).where(eq(mfaFactors.id, id)),
)
export const saveFactor = statement(
  { id: mfaFactors.id, ...columnsOf(mfaFactors, 'id', 'userId', 'factorType', 'secret', 'phone', 'createdAt') },
  (db, { id, ...set }) => db.update(mfaFactors).set(set).where(eq(mfaFactors.id, id)),
)
export const setAssurance = statement(
  { id: sessions.id, aal: sessions.aal, factorId: sessions.factorId },
  (db, { id, aal, factorId }) => db.update(sessions).set({ aal, factorId }).where(eq(sessions.id, id)),
)
const endLowSessions = statement({ userId: sessions.userId, keep: sessions.id }, (db, { userId, keep }) =>
  db.delete(sessions).where(and(eq(sessions.userId, userId), ne(sessions.id, keep), eq(sessions.aal, 'aal1'))),
)
const spendRecoveryCode = statement(
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
const attemptsOf = statement({ userId: mfaAttempts.userId, network: mfaAttempts.network }, (db, { userId, network }) =>
  db
    .select()
    .from(mfaAttempts)
    .where(and(eq(mfaAttempts.userId, userId), eq(mfaAttempts.network, network))),
)
const saveAttempts = statement(columnsOf(mfaAttempts), (db, p) =>
  db
    .insert(mfaAttempts)
    .values(p)
    .onConflictDoUpdate({
      target: [mfaAttempts.userId, mfaAttempts.network],
      set: { attempts: sql`excluded.attempts`, since: sql`excluded.since` },
    }),
)
const deleteAttempts = statement(
  { userId: mfaAttempts.userId, network: mfaAttempts.network },
  (db, { userId, network }) =>
    db.delete(mfaAttempts).where(and(eq(mfaAttempts.userId, userId), eq(mfaAttempts.network, network))),
)
const deleteAllAttempts = statement({ userId: mfaAttempts.userId }, (db, { userId }) =>
  db.delete(mfaAttempts).where(eq(mfaAttempts.userId, userId)),
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

/**
 * A quarter of an hour in steps of 30 seconds. If the clock is set back by less, codes are refused until it has caught
 * up, so that none is accepted twice. A step further ahead was stored by a wrong clock, and is ignored so that users
 * are not locked out.
 */
const MAX_STEPS_AHEAD = 30

export type ProofRefused = 'factor_gone' | 'proof_used' | 'credential_taken'

/** Where and when a proof is given. */
interface ProofContext {
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
  const change: Partial<Factor> = {}
  if (proof.type === 'totp') {
    if (proof.step <= factor.lastStep && factor.lastStep - proof.step <= MAX_STEPS_AHEAD) return 'proof_used'
    change.lastStep = proof.step
  } else if (proof.type === 'recovery_code') {
    const [hash = '', otherHash = hash] = proof.hashes
    if ((await tx.run(spendRecoveryCode, { factorId: factor.id, hash, otherHash, now })) === 0) return 'proof_used'
  } else if (proof.type === 'webauthn' && 'made' in proof) {
    if (factor.status === 'verified') return 'proof_used'
    if (!(await addCredential(tx, proof.made))) return 'credential_taken'
    change.webAuthnAaguid = proof.made.aaguid
  } else if (proof.type === 'webauthn' && !(await useCredential(tx, proof.used, now))) return 'proof_used'
  const taken: Factor = { ...factor, ...change, status: 'verified', updatedAt: now }
  await tx.run(saveFactor, taken)
  // Security keys are not guessed; every other attempt was counted before it was checked.
  if (proof.type !== 'webauthn') await forgetAttempts(tx, userId, network)
  return taken
}

/**
 * How far the counter advances. With one step, the previous refresh token would be the parent, which is answered with a
 * token of the elevated session however late (docs/wire-contract.md#refresh-tokens).
 */
const ELEVATION_COUNTER_STEPS = 2

/** Elevates a session that passed a factor: its refresh token advances, and the user's aal1 sessions end. */
export async function elevateSession(tx: Tx, session: Session, { id, factorType }: Factor, now: number) {
  const refreshTokenCounter = session.refreshTokenCounter + ELEVATION_COUNTER_STEPS
  const raised: Session = {
    ...session,
    ...{ aal: 'aal2', factorId: id, refreshedAt: now, updatedAt: now, refreshTokenCounter },
    elevatedAtCounter: session.aal === 'aal2' ? session.elevatedAtCounter : refreshTokenCounter,
  }
  await tx.run(advanceSession, raised)
  await tx.run(setAssurance, { id: session.id, aal: raised.aal, factorId: id })
  await recordAmr(tx, session.id, METHOD_OF[factorType], now)
  await tx.run(endLowSessions, { userId: session.userId, keep: session.id })
  return raised
}

/** All networks from which no factor was passed recently: their attempts count together. */
const UNKNOWN_NETWORK = ''

/** Attempts allowed at once, and how long they count; each further batch counts longer by as much, up to a maximum. */
export interface AttemptLimit {
  max: number
  windowMs: number
  maxWindowMs: number
}

export interface Attempt extends ProofContext {
  userId: string
  /** A network from which a factor was passed since then has its own budget, which others cannot exhaust. */
  knownSince: number
  limit: AttemptLimit
}

/** The counter of a guess, and its start time before the guess. */
export interface CountedAttempt {
  userId: string
  network: string
  since: number
}

/** Counts an attempt at a user's factors before it is checked. @returns how long to wait; 0 if it may be checked */
export const countFactorAttempt = write(
  async (
    tx,
    { userId, network: from, knownSince, limit, now }: Attempt,
  ): Promise<{ waitMs: number; counted: CountedAttempt }> => {
    const known = from === undefined ? undefined : await tx.one(networkOf, { userId, network: from })
    const network = known && (known.passedFactorAt ?? 0) > knownSince ? known.network : UNKNOWN_NETWORK
    const stored = (await tx.one(attemptsOf, { userId, network })) ?? { attempts: 0, since: now }
    const { attempts } = stored
    // A counter that started while the clock ran ahead starts now, so that its wait neither vanishes nor grows.
    const since = Math.min(stored.since, now)
    const counted = { userId, network, since }
    const rounds = attempts / limit.max
    const isUsedUp = rounds >= 1 && Number.isInteger(rounds)
    const waitMs = isUsedUp ? since + Math.min(limit.windowMs * rounds, limit.maxWindowMs) - now : 0
    if (waitMs > 0) {
      if (since !== stored.since) await tx.run(saveAttempts, { ...counted, attempts })
      return { waitMs, counted }
    }
    await tx.run(saveAttempts, { userId, network, attempts: attempts + 1, since: isUsedUp ? now : since })
    return { waitMs: 0, counted }
  },
)

/** Takes back a guess that was not checked after all; an expired wait stays expired. */
export const takeBackFactorAttempt = write(
  async (tx, { limit, ...counted }: CountedAttempt & { limit: AttemptLimit }): Promise<void> => {
    const stored = await tx.one(attemptsOf, counted)
    if (!stored || stored.attempts === 0) return
    const attempts = stored.attempts - 1
    const since = attempts % limit.max === 0 ? counted.since : stored.since
    await tx.run(saveAttempts, { ...counted, attempts, since })
  },
)

/** Where the last attempt was counted. */
async function forgetAttempts(tx: Tx, userId: string, network: string | undefined): Promise<void> {
  const own = network === undefined ? 0 : await tx.run(deleteAttempts, { userId, network })
  if (own === 0) await tx.run(deleteAttempts, { userId, network: UNKNOWN_NETWORK })
}

export async function clearAttempts(tx: Tx, userId: string): Promise<void> {
  await tx.run(deleteAllAttempts, { userId })
}
