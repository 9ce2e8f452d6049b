/** Challenging a second factor (`POST /factors/{id}/challenge`). */
import type { Factor, PreviousSendTimes, User } from '../../store'
import { auditEntry } from '../kernel/audit'
import { type Context, withCurrentTime } from '../kernel/context'
import { HOOK_REASONS } from '../kernel/reasons/hook'
import { Refusal } from '../kernel/refusal'
import { type Channel, CODE_ACTION, channelOf, deliverCode } from '../messages/sms'
import { type CeremonyOptions, creationOptions, newChallenge, requestOptions } from '../passkeys/webauthn'
import { testCode } from '../tokens/sms-codes'
import { randomDigits } from '../tokens/verification-token'
import { codeHashOf } from './phone-codes'
import { type FactorRequest, loadOwnFactor, requireSession } from './user-factors'

export interface StartedChallenge {
  id: string
  type: Factor['factorType']
  /** Unix milliseconds. */
  expiresAt: number
  /** Options for the browser's WebAuthn call. */
  webauthn?: { type: 'create' | 'request'; options: CeremonyOptions }
}

export interface ChallengeRequest extends FactorRequest {
  /** Parses the channel. It is ignored for authenticator apps. */
  readDetails(): Promise<{ channel?: string | undefined }>
}

/** Starts a challenge. */
export async function challengeFactor(
  context: Context,
  { caller, factorId, readDetails }: ChallengeRequest,
): Promise<StartedChallenge> {
  context.limits.request('factorChallenges', context.client.ip)
  const { user } = requireSession(caller)
  const factor = await loadOwnFactor(context, user, factorId)
  requireVerification(context, factor)
  switch (factor.factorType) {
    case 'totp':
      return startChallenge(context, { user, factor })
    case 'phone': {
      const channel = channelOf(context, (await readDetails()).channel)
      return sendPhoneChallenge(withCurrentTime(context), { user, factor, channel })
    }
    case 'webauthn': {
      await readDetails()
      const challenge = newChallenge(context)
      const started = await startChallenge(withCurrentTime(context), { user, factor, webAuthnChallenge: challenge })
      return { ...started, webauthn: await ceremonyOf(context, user, factor, challenge) }
    }
    case 'recovery_code':
      throw new Refusal('factor_unknown')
  }
}

/** @throws {Refusal} if factors of this type cannot be verified */
export function requireVerification({ policy }: Pick<Context, 'policy'>, { factorType }: Factor): void {
  const { totp, phone, webauthn } = policy.mfa
  if (factorType === 'totp' && !totp.verifyEnabled) throw new Refusal('totp_verification_disabled')
  if (factorType === 'phone' && !phone.verifyEnabled) throw new Refusal('phone_verification_disabled')
  if (factorType === 'webauthn' && !webauthn.verifyEnabled) throw new Refusal('webauthn_verification_disabled')
}

interface ChallengeStart {
  user: User
  factor: Factor
  id?: string
  otpCodeHash?: string
  webAuthnChallenge?: string
  smsCooldownMs?: number
}

async function startChallenge(
  context: Context,
  beginning: ChallengeStart,
): Promise<StartedChallenge & { previous: PreviousSendTimes }> {
  const { random, store, policy, now, client } = context
  const { user, factor, id = random.uuid(), otpCodeHash = null, webAuthnChallenge = null, smsCooldownMs } = beginning
  const started = await store.beginChallenge({
    challenge: {
      id,
      factorId: factor.id,
      ipAddress: client.ip,
      createdAt: now,
      verifiedAt: null,
      otpCodeHash,
      webAuthnChallenge,
    },
    staleBefore: now - policy.mfa.challengeMs,
    smsCooldownMs,
    audit: [auditEntry(context, 'challenge_created', user, { factor_id: factor.id, factor_status: factor.status })],
  })
  if (started.outcome === 'factor_gone') throw new Refusal('factor_unknown')
  if (started.outcome === 'too_soon')
    throw new Refusal('sms_too_soon', { waitMs: started.waitMs, limit: 'AUTH_MFA_PHONE_MAX_FREQUENCY' })
  const expiresAt = now + policy.mfa.challengeMs
  return { id, type: factor.factorType, expiresAt, previous: started.previous }
}

/**
 * The challenge is stored before its SMS is sent, so that two concurrent requests send one; it is rolled back if
 * sending fails.
 */
async function sendPhoneChallenge(
  context: Context,
  { user, factor, channel }: ChallengeStart & { channel: Channel },
): Promise<StartedChallenge> {
  const { policy, random, store, now } = context
  const { codeLength, cooldownMs, template } = policy.mfa.phone
  const phone = factor.phone ?? ''
  const fixed = testCode(context, phone)
  const code = fixed ?? randomDigits(random, codeLength)
  const id = random.uuid()
  const otpCodeHash = codeHashOf(context.peppers[0], id, code)
  const { previous, ...begun } = await startChallenge(context, {
    user,
    factor,
    id,
    otpCodeHash,
    ...(fixed === undefined && { smsCooldownMs: cooldownMs }),
  })
  try {
    const messages = await deliverCode(context, {
      kind: 'mfa_challenge',
      label: 'MFA',
      smsType: 'mfa',
      phone,
      user,
      channel,
      code,
      text: template.replace(CODE_ACTION, code),
      expiresAt: begun.expiresAt,
    })
    if (messages.length > 0) await store.saveTokensAndMessages({ now, messages, audit: [] })
    return begun
  } catch (error) {
    await store.rollBackChallenge({ id, factorId: factor.id, previous })
    throw withoutDetail(error)
  }
}

/** Provider errors concern the operator and are not shown to users. */
function withoutDetail(error: unknown): unknown {
  if (!(error instanceof Refusal)) return error
  if (error.reason === 'sms_failed') return new Refusal('factor_sms_failed')
  if (error.reason === 'sms_unavailable') return new Refusal('factor_sms_unavailable')
  return (HOOK_REASONS as readonly string[]).includes(error.reason) ? new Refusal('factor_sms_hook_failed') : error
}

/** An unverified factor is registered, a verified one is used. */
async function ceremonyOf(
  context: Context,
  user: User,
  factor: Factor,
  challenge: string,
): Promise<NonNullable<StartedChallenge['webauthn']>> {
  const { store } = context
  if (factor.status === 'unverified') {
    const present = (await store.listCredentials(user.id)).filter(({ factorId }) => factorId !== null)
    return { type: 'create', options: creationOptions(context, { user, challenge, present, asPasskey: false }) }
  }
  const credential = await store.findFactorCredential(factor.id)
  if (!credential) throw new Refusal('factor_unknown')
  return { type: 'request', options: requestOptions(context, { challenge, allowed: [credential] }) }
}
