/** What a user shows of a second factor, and what it makes true of a session. Each thing shown counts once. */
import { and, eq, inArray, isNull, ne, sql } from 'drizzle-orm'
import { METHOD_OF } from '../lib/factor-types'
import { statement, type Tx, write } from './engine'
import {
  type Factor,
  mfaAttempts,
  mfaFactors,
  mfaRecoveryCodes,
  type Session,
  sessions,
  type WebauthnCredential,
} from './schema'
import { advanceSession, networkOf, noteAmr, placeholder, placeholders } from './statements'
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
    .where(and(eq(mfaAttempts.userId, placeholder('userId')), eq(mfaAttempts.network, placeholder('network'))))
    .prepare(),
)
const saveAttempts = statement((db) =>
  db
    .insert(mfaAttempts)
    .values(placeholders(mfaAttempts))
    .onConflictDoUpdate({
      target: [mfaAttempts.userId, mfaAttempts.network],
      set: { attempts: sql`excluded.attempts`, since: sql`excluded.since` },
    })
    .prepare(),
)
const deleteAttempts = statement((db) =>
  db
    .delete(mfaAttempts)
    .where(and(eq(mfaAttempts.userId, placeholder('userId')), eq(mfaAttempts.network, placeholder('network'))))
    .prepare(),
)
const deleteAllAttempts = statement((db) =>
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

/**
 * A quarter of an hour in steps of 30 seconds. Where the clock is set back by less, codes are refused until it is where it
 * was, so that none passes twice. A step further ahead was noted by a clock that was wrong, and locks nobody out.
 */
const MAX_STEPS_AHEAD = 30

export type ProofRefused = 'factor_gone' | 'proof_used' | 'credential_taken'

/** Where and when something is shown. */
interface Showing {
  network: string | undefined
  now: number
}

/**
 * Uses up what was shown. The factor counts as verified from then on, and guesses are forgotten: those from this network,
 * or, where no factor was passed from it before, those from all such networks.
 */
export async function takeProof(
  tx: Tx,
  userId: string,
  proof: Proof,
  { network, now }: Showing,
): Promise<Factor | ProofRefused> {
  const factor = await tx.one(factorById, { id: proof.factorId })
  if (factor?.userId !== userId || factor.factorType !== proof.type) return 'factor_gone'
  const change: Partial<Factor> = {}
  if (proof.type === 'totp') {
    if (proof.step <= factor.lastStep && factor.lastStep - proof.step <= MAX_STEPS_AHEAD) return 'proof_used'
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
  // No code was guessed at with a key; any other was counted before it was looked at.
  if (proof.type !== 'webauthn') await forgetAttempts(tx, userId, network)
  return taken
}

/**
 * How far the counter moves on. The step between makes the refresh token from before no parent, which would be answered
 * with one of the raised session however late (contract 4.4).
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

/** Every network from which no factor was passed lately: a stranger's guesses count together. */
const ANYWHERE = ''

/** How many guesses there are at once, and how long they then count; the next ones count longer by as much, up to a maximum. */
export interface GuessLimit {
  max: number
  windowMs: number
  maxWindowMs: number
}

export interface Attempt extends Showing {
  userId: string
  /** A network from which a factor was passed since then has guesses of its own, so that nobody else can use them up. */
  knownSince: number
  limit: GuessLimit
}

/** Which count a guess belongs to, and from when that ran before it. */
export interface CountedAttempt {
  userId: string
  network: string
  since: number
}

/** Counts a guess at a code of a user's factors, before it is looked at. @returns how long to wait; 0: it may be looked at */
export const countFactorAttempt = write(
  async (
    tx,
    { userId, network: from, knownSince, limit, now }: Attempt,
  ): Promise<{ waitMs: number; counted: CountedAttempt }> => {
    const known = from === undefined ? undefined : await tx.one(networkOf, { userId, network: from })
    const network = known && (known.passedFactorAt ?? 0) > knownSince ? known.network : ANYWHERE
    const stored = (await tx.one(attemptsOf, { userId, network })) ?? { attempts: 0, since: now }
    const { attempts } = stored
    // A count that began while the clock ran ahead begins now, so that its wait neither vanishes nor takes longer.
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

/** Takes a guess back that was not looked at after all; a wait that was over before it stays over. */
export const takeBackFactorAttempt = write(
  async (tx, { limit, ...counted }: CountedAttempt & { limit: GuessLimit }): Promise<void> => {
    const stored = await tx.one(attemptsOf, counted)
    if (!stored || stored.attempts === 0) return
    const attempts = stored.attempts - 1
    const since = attempts % limit.max === 0 ? counted.since : stored.since
    await tx.run(saveAttempts, { ...counted, attempts, since })
  },
)

/** Where the last one was counted. */
async function forgetAttempts(tx: Tx, userId: string, network: string | undefined): Promise<void> {
  const own = network === undefined ? 0 : await tx.run(deleteAttempts, { userId, network })
  if (own === 0) await tx.run(deleteAttempts, { userId, network: ANYWHERE })
}

export async function clearAttempts(tx: Tx, userId: string): Promise<void> {
  await tx.run(deleteAllAttempts, { userId })
}
