/** Answering a challenge (`POST /factors/{id}/verify`). */
import { METHOD_OF } from '../../lib/factor-types'
import { networkPrefix } from '../../lib/ip'
import { isExpired } from '../../lib/time'
import type { Factor, MfaChallenge, Proof, Session, User } from '../../store'
import { callMfaAttemptHook } from '../hooks/attempt-hooks'
import { auditEntry } from '../kernel/audit'
import { requestSessionOf } from '../kernel/caller'
import { type Context, withCurrentTime } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { type CredentialJson, verifyAssertion, verifyRegistration } from '../passkeys/webauthn'
import { type IssuedSession, newKeyFor, orWithdraw, refusalEntry, reissueTokens } from '../sessions/issue-tokens'
import { withCountedAttempt } from './attempt-limit'
import { requireVerification } from './challenge'
import { checkPhoneCode } from './phone-codes'
import { stepOf } from './totp'
import { type FactorRequest, factorNotice, loadOwnFactor, requireSession } from './user-factors'

export interface ChallengeAnswer {
  challengeId: string
  code: string
  webauthn: { type: string; credential: CredentialJson | undefined } | undefined
}

/**
 * Answers a challenge: the session becomes aal2, and the user's aal1 sessions end. A code is accepted once (RFC 6238
 * §5.2); only a right answer consumes the challenge (docs/decisions.md#d22).
 */
export async function verifyFactor(
  context: Context,
  { caller, factorId, ...answer }: FactorRequest & ChallengeAnswer,
): Promise<IssuedSession> {
  const { limits, client } = context
  limits.request('factorVerifications', client.ip)
  const { user, session } = requireSession(caller)
  const factor = await loadOwnFactor(context, user, factorId)
  if (factor.factorType === 'webauthn' ? !answer.webauthn : answer.code === '')
    throw new Refusal(factor.factorType === 'webauthn' ? 'webauthn_answer_missing' : 'factor_code_missing')
  requireVerification(context, factor)
  const challenge = await findOpenChallenge(context, factor, answer.challengeId)
  const proof = await proofOf(context, { user, factor, challenge, answer })
  const current = withCurrentTime(context)
  const messages =
    factor.status === 'verified'
      ? []
      : factorNotice(current, { template: 'mfa_factor_enrolled_notification', user, factor })
  return recordPassedFactor(current, {
    challengeId: challenge.id,
    user,
    ...requestSessionOf(session),
    proof,
    messages,
  })
}

async function findOpenChallenge(
  { store, policy, now, client }: Context,
  factor: Factor,
  challengeId: string,
): Promise<MfaChallenge> {
  const challenge = await store.findChallenge(challengeId.toLowerCase())
  if (challenge?.factorId !== factor.id) throw new Refusal('challenge_unknown')
  if (challenge.verifiedAt !== null || challenge.ipAddress !== client.ip) throw new Refusal('challenge_mismatch')
  const { createdAt } = challenge
  if (isExpired({ createdAt, expiresAt: createdAt + policy.mfa.challengeMs }, now))
    throw new Refusal('challenge_expired', { detail: challenge.id })
  return challenge
}

interface FactorAttempt {
  user: User
  factor: Factor
  challenge: MfaChallenge
  answer: ChallengeAnswer
}

async function proofOf(context: Context, { user, factor, challenge, answer }: FactorAttempt): Promise<Proof> {
  const factorId = factor.id
  switch (factor.factorType) {
    case 'totp': {
      const step = await withCountedAttempt(context, user.id, async () => {
        const found = stepOf(context, factor, answer.code)
        await callMfaAttemptHook(context, {
          user,
          factor,
          isValid: found !== undefined && found > factor.lastStep,
        })
        return found
      })
      if (step === undefined) throw new Refusal('factor_code_wrong')
      return { type: 'totp', factorId, step }
    }
    case 'phone': {
      const isRight = await withCountedAttempt(context, user.id, async () => {
        const isFound = await checkPhoneCode(context, factor, challenge, answer.code)
        await callMfaAttemptHook(context, { user, factor, isValid: isFound })
        return isFound
      })
      if (!isRight) throw new Refusal('phone_factor_code_wrong')
      return { type: 'phone', factorId }
    }
    case 'webauthn':
      return { type: 'webauthn', factorId, ...(await verifyCredential(context, { user, factor, challenge, answer })) }
    case 'recovery_code':
      throw new Refusal('factor_unknown')
  }
}

/** Signatures cannot be guessed, so attempts are not counted. */
async function verifyCredential(context: Context, { user, factor, challenge, answer }: FactorAttempt) {
  const { type, credential } = answer.webauthn ?? {}
  if (type !== 'create' && type !== 'request') throw new Refusal('webauthn_answer_type')
  if (!credential) throw new Refusal('webauthn_credential_missing')
  const check = { challenge: challenge.webAuthnChallenge ?? '', needsUserVerification: false }
  if (type === 'create') {
    const made = await verifyRegistration(context, { ...check, credential, user, factorId: factor.id })
    return { made: { ...made, friendlyName: factor.friendlyName } }
  }
  const known = await context.store.findFactorCredential(factor.id)
  if (!known) throw new Refusal('factor_credential_wrong')
  return { used: await verifyAssertion(context, { ...check, credential, known }) }
}

interface PassedFactor {
  challengeId?: string
  user: User
  sessionId: string
  aal: Session['aal']
  proof: Proof
  messages: ReturnType<typeof factorNotice>
}

const REJECTION_REASONS = {
  totp: 'factor_code_wrong',
  phone: 'phone_factor_code_wrong',
  webauthn: 'factor_credential_wrong',
  recovery_code: 'recovery_code_wrong',
} as const

/** Elevates the caller's session with the proof. */
export async function recordPassedFactor(
  context: Context,
  { user, proof, messages, ...which }: PassedFactor,
): Promise<IssuedSession> {
  const audit = [auditEntry(context, 'verification_attempted', user, { factor_id: proof.factorId })]
  const passed = await context.store.completeChallenge({
    ...which,
    userId: user.id,
    newKey: newKeyFor(context, which.sessionId),
    network: networkPrefix(context.client.ip),
    proof,
    now: context.now,
    keepsLowSessions: context.policy.hooks.customAccessToken !== undefined,
    related: { audit, messages },
  })
  switch (passed.outcome) {
    case 'passed':
      return issueElevatedTokens(context, passed, { challengeId: which.challengeId, proof })
    case 'challenge_spent':
      throw new Refusal('challenge_mismatch')
    case 'proof_used':
      throw new Refusal(REJECTION_REASONS[proof.type])
    case 'factor_gone':
      throw new Refusal('factor_unknown')
    case 'session_gone':
    case 'credential_taken':
    case 'aal_too_low_to_enrol':
      throw new Refusal(passed.outcome)
  }
}

type Elevation = Extract<Awaited<ReturnType<Context['store']['completeChallenge']>>, { outcome: 'passed' }>

/**
 * Issues the tokens of an elevated session. If a hook refuses them, or fails, the session is as before, so that the
 * client can go on with the tokens that it has.
 */
async function issueElevatedTokens(
  context: Context,
  { opened, before }: Elevation,
  { challengeId, proof }: Pick<PassedFactor, 'challengeId' | 'proof'>,
): Promise<IssuedSession> {
  const { store, now, policy } = context
  const { session } = opened
  const issued = await orWithdraw(
    context,
    () => reissueTokens(context, opened, METHOD_OF[proof.type]),
    (cause) => {
      const audit = [refusalEntry(context, opened, cause)]
      return store.withdrawElevation({ challengeId, proof, before, raised: session, at: now, audit })
    },
  )
  if (policy.hooks.customAccessToken) await store.endLowSessions({ userId: session.userId, keep: session.id })
  return issued
}
