/** Challenging a second factor (`POST /factors/{id}/challenge`). */
import type { Factor, PreviousSendTimes, User } from '../../store'
import { auditEntry } from '../audit'
import type { Client, Deps } from '../deps'
import { type Channel, CODE_ACTION, channelOf, deliverCode, testCode } from '../messages/sms'
import { HOOK_REASONS } from '../reasons/hook'
import { Refusal } from '../refusal'
import { randomDigits } from '../tokens/verification-token'
import { type CeremonyOptions, creationOptions, newChallenge, requestOptions } from '../webauthn/webauthn'
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

/**
 * Starts a challenge.
 * @throws {Refusal<'factor_unknown' | 'factor_of_another' | 'factor_id_malformed' | 'totp_verification_disabled' |
 *   'phone_verification_disabled' | 'webauthn_verification_disabled' | 'sms_too_soon' | 'sms_channel_unknown' |
 *   'sms_limit_reached' | 'factor_sms_failed' | 'factor_sms_hook_failed' | 'factor_sms_unavailable' |
 *   'too_many_requests'>}
 */
export async function challengeFactor(
  deps: Deps,
  { caller, factorId, client, readDetails }: ChallengeRequest,
): Promise<StartedChallenge> {
  deps.limits.request('factorChallenges', client.ip)
  const { user } = requireSession(caller)
  const factor = await loadOwnFactor(deps, user, factorId)
  requireVerification(deps, factor)
  switch (factor.factorType) {
    case 'totp':
      return startChallenge(deps, { user, factor, client })
    case 'phone':
      return sendPhoneChallenge(deps, { user, factor, client, channel: channelOf(deps, (await readDetails()).channel) })
    case 'webauthn': {
      await readDetails()
      const challenge = newChallenge(deps)
      const begun = await startChallenge(deps, { user, factor, client, webAuthnChallenge: challenge })
      return { ...begun, webauthn: await ceremonyOf(deps, user, factor, challenge) }
    }
    case 'recovery_code':
      throw new Refusal('factor_unknown')
  }
}

/** @throws {Refusal} if factors of this type cannot be verified */
export function requireVerification({ policy }: Pick<Deps, 'policy'>, { factorType }: Factor): void {
  const { totp, phone, webauthn } = policy.mfa
  if (factorType === 'totp' && !totp.verifyEnabled) throw new Refusal('totp_verification_disabled')
  if (factorType === 'phone' && !phone.verifyEnabled) throw new Refusal('phone_verification_disabled')
  if (factorType === 'webauthn' && !webauthn.verifyEnabled) throw new Refusal('webauthn_verification_disabled')
}

interface ChallengeStart {
  user: User
  factor: Factor
  client: Client
  id?: string
  otpCodeHash?: string
  webAuthnChallenge?: string
  smsCooldownMs?: number
}

async function startChallenge(
  deps: Deps,
  beginning: ChallengeStart,
): Promise<StartedChallenge & { previous: PreviousSendTimes }> {
  const { clock, random, store, policy } = deps
  const {
    user,
    factor,
    client,
    id = random.uuid(),
    otpCodeHash = null,
    webAuthnChallenge = null,
    smsCooldownMs,
  } = beginning
  const now = clock.now()
  const begun = await store.beginChallenge({
    challenge: {
      ...{ id, factorId: factor.id, ipAddress: client.ip, createdAt: now, verifiedAt: null },
      ...{ otpCodeHash, webAuthnChallenge },
    },
    ...{ staleBefore: now - policy.mfa.challengeMs, smsCooldownMs },
    audit: [auditEntry(deps, now, 'challenge_created', user, { factor_id: factor.id, factor_status: factor.status })],
  })
  if (begun.outcome === 'factor_gone') throw new Refusal('factor_unknown')
  if (begun.outcome === 'too_soon')
    throw new Refusal('sms_too_soon', { waitMs: begun.waitMs, limit: 'AUTH_MFA_PHONE_MAX_FREQUENCY' })
  const expiresAt = now + policy.mfa.challengeMs
  return { id, type: factor.factorType, expiresAt, previous: begun.previous }
}

/**
 * The challenge is stored before its SMS is sent, so that two concurrent requests send one; it is rolled back if
 * sending fails.
 */
async function sendPhoneChallenge(
  deps: Deps,
  { user, factor, client, channel }: ChallengeStart & { channel: Channel },
): Promise<StartedChallenge> {
  const { policy, clock, random, store } = deps
  const { codeLength, cooldownMs, template } = policy.mfa.phone
  const phone = factor.phone ?? ''
  const fixed = testCode(deps, phone, clock.now())
  const code = fixed ?? randomDigits(random, codeLength)
  const id = random.uuid()
  const otpCodeHash = codeHashOf(deps.peppers[0], id, code)
  const { previous, ...begun } = await startChallenge(deps, {
    user,
    factor,
    client,
    id,
    otpCodeHash,
    ...(fixed === undefined && { smsCooldownMs: cooldownMs }),
  })
  const now = clock.now()
  try {
    const messages = await deliverCode(deps, now, {
      ...{ kind: 'mfa_challenge', label: 'MFA', smsType: 'mfa', phone, user, channel, client, code },
      ...{ text: template.replace(CODE_ACTION, code), expiresAt: begun.expiresAt },
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
  deps: Deps,
  user: User,
  factor: Factor,
  challenge: string,
): Promise<NonNullable<StartedChallenge['webauthn']>> {
  const { store } = deps
  if (factor.status === 'unverified') {
    const present = (await store.listCredentials(user.id)).filter(({ factorId }) => factorId !== null)
    return { type: 'create', options: creationOptions(deps, { user, challenge, present, asPasskey: false }) }
  }
  const credential = await store.findFactorCredential(factor.id)
  if (!credential) throw new Refusal('factor_unknown')
  return { type: 'request', options: requestOptions(deps, { challenge, allowed: [credential] }) }
}
