/**
 * Recovery codes: ten single-use codes that replace any other factor (supabase-js's `mfa.recoveryCodes`). They are
 * shown once, and stored as hashes.
 */
import { encodeBase32LowerCaseNoPadding } from '@oslojs/encoding'
import { hmacSha256 } from '../../lib/secrets'
import type { Factor } from '../../store'
import { callMfaAttemptHook } from '../hooks/attempt-hooks'
import { auditEntry } from '../kernel/audit'
import { type Caller, requestSessionOf } from '../kernel/caller'
import { type Context, withCurrentTime } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import type { IssuedSession } from '../sessions/issue-tokens'
import { withCountedAttempt } from './attempt-limit'
import { newFactor } from './enroll'
import { factorNotice, requireSession, requireShortName } from './user-factors'
import { recordPassedFactor } from './verify'

export const RECOVERY_CODES = 10
/** 80 bits cannot be guessed, so a fast hash is enough. */
const CODE_BYTES = 10
const DEFAULT_NAME = 'Recovery codes'

export interface RecoveryCodes {
  factor: Factor
  total: number
  /** The codes in plaintext; they are returned only here. */
  codes: string[]
}

/** How many codes the caller has left. */
export async function recoveryCodesStatus(
  { store }: Context,
  { caller }: { caller: Caller },
): Promise<{ factor: Factor; total: number; remaining: number }> {
  const found = await store.findRecoveryCodes(requireSession(caller).user.id)
  if (!found) throw new Refusal('recovery_codes_missing')
  return found
}

/** Generates the caller's codes. */
export async function generateRecoveryCodes(
  context: Context,
  { caller, friendlyName }: { caller: Caller; friendlyName: string },
): Promise<RecoveryCodes> {
  const { policy, random, store, now } = context
  const { user, session } = requireSession(caller)
  requireEnrollment(context)
  requireShortName(friendlyName)
  const factor = newFactor(now, {
    id: random.uuid(),
    userId: user.id,
    factorType: 'recovery_code',
    status: 'verified',
    friendlyName: friendlyName || DEFAULT_NAME,
  })
  const { codes, hashes } = makeCodes(context)
  const outcome = await store.addRecoveryCodes({
    factor,
    userId: user.id,
    acting: requestSessionOf(session),
    limits: policy.mfa.limits,
    hashes,
    now,
    related: {
      audit: [auditEntry(context, 'generate_recovery_codes', user, { factor_id: factor.id })],
      messages: factorNotice(context, { template: 'mfa_factor_enrolled_notification', user, factor }),
    },
  })
  if (outcome === 'aal_too_low') throw new Refusal('aal_too_low_for_recovery_codes')
  if (outcome === 'factor_name_taken') throw new Refusal(outcome, { detail: factor.friendlyName })
  if (outcome !== 'added') throw new Refusal(outcome)
  return { factor, total: RECOVERY_CODES, codes }
}

/** Replaces the caller's codes; the old ones become invalid. */
export async function regenerateRecoveryCodes(
  context: Context,
  { caller }: { caller: Caller },
): Promise<RecoveryCodes> {
  const { store, now } = context
  const { user, session } = requireSession(caller)
  requireEnrollment(context)
  const { codes, hashes } = makeCodes(context)
  const factor = await store.replaceRecoveryCodes({
    userId: user.id,
    acting: requestSessionOf(session),
    hashes,
    now,
    related: { audit: [auditEntry(context, 'generate_recovery_codes', user)] },
  })
  if (factor === 'aal_too_low') throw new Refusal('aal_too_low_for_recovery_codes')
  if (typeof factor === 'string') throw new Refusal(factor)
  return { factor, total: RECOVERY_CODES, codes }
}

/** Raises the caller's session with one of their codes, as typed. */
export async function verifyRecoveryCode(
  context: Context,
  { caller, code }: { caller: Caller; code: string },
): Promise<IssuedSession> {
  const { policy, store, limits, client } = context
  limits.request('factorVerifications', client.ip)
  const { user, session } = requireSession(caller)
  if (!policy.mfa.recoveryCodes.verifyEnabled) throw new Refusal('recovery_codes_verification_disabled')
  const checkCode = async () => {
    const found = await store.findRecoveryCodes(user.id)
    if (!found) throw new Refusal('recovery_code_wrong')
    const { factor } = found
    const shown = recoveryProof(context, factor, code)
    await callMfaAttemptHook(context, { user, factor, isValid: await store.isRecoveryCodeOpen(shown) })
    return shown
  }
  const proof = await withCountedAttempt(context, user.id, checkCode, 'recovery_codes_locked')
  return recordPassedFactor(withCurrentTime(context), { user, ...requestSessionOf(session), proof, messages: [] })
}

export async function removeRecoveryCodes(context: Context, { caller }: { caller: Caller }): Promise<string> {
  const { store, now } = context
  const { user, session } = requireSession(caller)
  const found = await store.findRecoveryCodes(user.id)
  if (!found) throw new Refusal('recovery_codes_missing')
  const { factor } = found
  const removed = await store.removeFactor({
    factorId: factor.id,
    acting: requestSessionOf(session),
    now,
    related: {
      audit: [auditEntry(context, 'factor_unenrolled', user, { factor_id: factor.id })],
      messages: factorNotice(context, { template: 'mfa_factor_unenrolled_notification', user, factor }),
    },
  })
  if (removed.outcome === 'removed') return factor.id
  if (removed.outcome === 'aal_too_low_to_unenrol') throw new Refusal('aal_too_low_for_recovery_codes')
  throw new Refusal(removed.outcome === 'factor_gone' ? 'recovery_codes_missing' : removed.outcome)
}

/** The proof for a typed code; letter case, spaces and hyphens do not matter. */
export function recoveryProof({ peppers }: Pick<Context, 'peppers'>, { id: factorId }: Factor, typed: string) {
  const code = typed.toLowerCase().replace(/[\s-]/g, '')
  return { type: 'recovery_code' as const, factorId, hashes: peppers.map((pepper) => hashOf(pepper, code)) }
}

function makeCodes({ random, peppers }: Pick<Context, 'random' | 'peppers'>) {
  const codes = Array.from({ length: RECOVERY_CODES }, () => encodeBase32LowerCaseNoPadding(random.bytes(CODE_BYTES)))
  return { codes, hashes: codes.map((code) => hashOf(peppers[0], code)) }
}

const hashOf = (pepper: Buffer, code: string) => hmacSha256(pepper, `recovery_code:${code}`).toString('hex')

function requireEnrollment({ policy }: Context): void {
  if (!policy.mfa.recoveryCodes.enrollEnabled) throw new Refusal('recovery_codes_enrolment_disabled')
}
