/** Second factors (contract 1.9): enrolled, challenged, passed and removed by their user, seen and removed by administrators. */
import { isUuid } from '../lib/uuid'
import type { Factor, User } from '../store'
import { auditEntry } from './audit'
import type { Client, Deps } from './deps'
import type { Admin, Caller } from './identify'
import { prepareNotice } from './mail'
import { Refusal } from './refusal'
import { type IssuedSession, issueAgain } from './sessions'
import { base32, keyUri, matchingStep } from './totp'
import { normalisePhone } from './users'

const SECRET_BYTES = 20

export interface EnrolRequest {
  caller: Caller
  type: string
  friendlyName: string
  /** Whom the authenticator shows; empty: the site. */
  issuer: string
  phone: string
}

export interface EnrolledFactor {
  factor: Factor
  /** Base32, for those who cannot scan. */
  secret: string
  uri: string
  /** SVG. */
  qrCode: string
}

/**
 * Adds a factor, which counts once a code of it was right.
 * @throws {Refusal} in the order of contract 1.9
 */
export async function enrolFactor(deps: Deps, request: EnrolRequest): Promise<EnrolledFactor> {
  const { policy, clock, random, sealer, store, qrCode } = deps
  const { user, session } = requireSession(request.caller)
  requireType(deps, request)
  const now = clock.now()
  const id = random.uuid()
  const secret = random.bytes(SECRET_BYTES)
  const factor: Factor = {
    ...{ id, userId: user.id, friendlyName: request.friendlyName, factorType: 'totp', status: 'unverified' },
    secret: sealer.seal(secret, secretPlace(id)),
    ...{ lastStep: -1, lastChallengedAt: null, createdAt: now, updatedAt: now },
  }
  const outcome = await store.enrolFactor({
    ...{ factor, sessionId: session.id, maxFactors: policy.mfa.maxFactors },
    staleBefore: now - policy.mfa.unverifiedMs,
    audit: [auditEntry(deps, now, 'factor_in_progress', user, { factor_id: id })],
  })
  if (outcome !== 'enrolled') throw new Refusal(outcome, { detail: request.friendlyName })
  const uri = keyUri(secret, request.issuer || policy.mfa.issuer, user.email ?? user.phone ?? user.id)
  return { factor, secret: base32(secret), uri, qrCode: qrCode(uri) }
}

/** Kinds of factors that there are not are refused in words of their own. */
function requireType({ policy }: Deps, { type, phone }: EnrolRequest): void {
  if (type === 'phone') {
    if (phone === '') throw new Refusal('factor_phone_missing')
    normalisePhone(phone)
    throw new Refusal('phone_factors_disabled')
  }
  if (type === 'webauthn') throw new Refusal('webauthn_factors_disabled')
  if (type !== 'totp') throw new Refusal('factor_type_unknown')
  if (!policy.mfa.totpEnrolment) throw new Refusal('totp_enrolment_disabled')
}

export interface FactorRequest {
  caller: Caller
  factorId: string
  client: Client
}

/** Begins a challenge. @throws {Refusal<'factor_unknown' | 'factor_of_another' | 'factor_id_malformed' | 'totp_verification_disabled'>} */
export async function challengeFactor(
  deps: Deps,
  { caller, factorId, client }: FactorRequest,
): Promise<{ id: string; type: string; expiresAt: number }> {
  const { clock, random, store, policy } = deps
  const { user } = requireSession(caller)
  const factor = await ownFactor(deps, user, factorId)
  if (!policy.mfa.totpVerification) throw new Refusal('totp_verification_disabled')
  const now = clock.now()
  const challenge = { id: random.uuid(), factorId: factor.id, ipAddress: client.ip, createdAt: now, verifiedAt: null }
  const isBegun = await store.challengeFactor({
    challenge,
    staleBefore: now - policy.mfa.challengeMs,
    audit: [auditEntry(deps, now, 'challenge_created', user, { factor_id: factor.id, factor_status: factor.status })],
  })
  if (!isBegun) throw new Refusal('factor_unknown')
  return { id: challenge.id, type: factor.factorType, expiresAt: now + policy.mfa.challengeMs }
}

/**
 * Answers a challenge: the session has passed a second factor from then on, and others of the user that have not end. A
 * code passes once (RFC 6238 §5.2); a challenge is spent by a right code alone.
 * @throws {Refusal<'factor_unknown' | 'factor_of_another' | 'factor_code_missing' | 'challenge_unknown' | 'challenge_mismatch' |
 *   'challenge_expired' | 'factor_code_wrong' | 'too_many_requests'>}
 */
export async function verifyFactor(
  deps: Deps,
  { caller, factorId, client, challengeId, code }: FactorRequest & { challengeId: string; code: string },
): Promise<IssuedSession> {
  const { clock, store, policy, sealer, limits } = deps
  const { user, session } = requireSession(caller)
  const factor = await ownFactor(deps, user, factorId)
  if (code === '') throw new Refusal('factor_code_missing')
  if (!policy.mfa.totpVerification) throw new Refusal('totp_verification_disabled')
  const challenge = await store.findChallenge(challengeId.toLowerCase())
  if (challenge?.factorId !== factor.id) throw new Refusal('challenge_unknown')
  if (challenge.verifiedAt !== null || challenge.ipAddress !== client.ip) throw new Refusal('challenge_mismatch')
  const now = clock.now()
  if (now >= challenge.createdAt + policy.mfa.challengeMs)
    throw new Refusal('challenge_expired', { detail: challenge.id })
  const takeBack = limits.factor(factor.id)
  const step = matchingStep(sealer.open(factor.secret, secretPlace(factor.id)), code, now)
  if (step === undefined) throw new Refusal('factor_code_wrong')
  const passed = await store.passChallenge({
    ...{ challengeId: challenge.id, factorId: factor.id, sessionId: session.id, step, now },
    attachments: {
      audit: [auditEntry(deps, now, 'verification_attempted', user, { factor_id: factor.id })],
      messages:
        factor.status === 'verified'
          ? []
          : await noticeOf(deps, now, { template: 'mfa_factor_enrolled_notification', user, factor, client }),
    },
  })
  switch (passed.outcome) {
    case 'passed':
      takeBack()
      return issueAgain(deps, now, passed.opened)
    case 'challenge_spent':
      throw new Refusal('challenge_mismatch')
    case 'step_replayed':
      throw new Refusal('factor_code_wrong')
    case 'factor_gone':
      throw new Refusal('factor_unknown')
    case 'session_gone':
      throw new Refusal('session_gone')
  }
}

/** @throws {Refusal<'factor_unknown' | 'factor_of_another' | 'aal_too_low_to_unenrol'>} */
export async function unenrolFactor(deps: Deps, { caller, factorId, client }: FactorRequest): Promise<string> {
  const { user, session } = requireSession(caller)
  const factor = await ownFactor(deps, user, factorId)
  const now = deps.clock.now()
  const removed = await deps.store.removeFactor({
    ...{ factorId: factor.id, sessionId: session.id, now },
    attachments: {
      audit: [auditEntry(deps, now, 'factor_unenrolled', user, { factor_id: factor.id })],
      messages: await noticeOf(deps, now, { template: 'mfa_factor_unenrolled_notification', user, factor, client }),
    },
  })
  if (removed.outcome === 'removed') return factor.id
  throw new Refusal(removed.outcome === 'factor_gone' ? 'factor_unknown' : removed.outcome)
}

/** @throws {Refusal<'user_unknown'>} */
export async function listFactorsOf({ store }: Deps, userId: string): Promise<Factor[]> {
  if (!(await store.findUser(userId))) throw new Refusal('user_unknown')
  return store.listFactors(userId)
}

interface FactorAdministered {
  admin: Admin
  userId: string
  factorId: string
}

/** @throws {Refusal<'factor_unknown' | 'factor_name_taken'>} */
export async function renameFactor(
  deps: Deps,
  { admin, friendlyName, ...which }: FactorAdministered & { friendlyName: string },
): Promise<Factor> {
  const factor = await factorOf(deps, which)
  if (friendlyName === '') return factor
  const now = deps.clock.now()
  const audit = [auditEntry(deps, now, 'factor_updated', admin.user ?? admin.role, { factor_id: factor.id })]
  const renamed = await deps.store.renameFactor({ factorId: factor.id, friendlyName, now, audit })
  if (renamed === 'factor_name_taken') throw new Refusal(renamed, { detail: friendlyName })
  if (!renamed) throw new Refusal('factor_unknown')
  return renamed
}

/** @throws {Refusal<'factor_unknown'>} */
export async function deleteFactor(deps: Deps, { admin, ...which }: FactorAdministered): Promise<Factor> {
  const factor = await factorOf(deps, which)
  const now = deps.clock.now()
  const audit = [auditEntry(deps, now, 'factor_deleted', admin.user ?? admin.role, { factor_id: factor.id })]
  const removed = await deps.store.removeFactor({ factorId: factor.id, now, attachments: { audit } })
  if (removed.outcome !== 'removed') throw new Refusal('factor_unknown')
  return removed.factor
}

async function factorOf(
  { store }: Deps,
  { userId, factorId }: Pick<FactorAdministered, 'userId' | 'factorId'>,
): Promise<Factor> {
  if (!isUuid(factorId)) throw new Refusal('factor_id_malformed')
  const factor = await store.findFactor(factorId.toLowerCase())
  if (factor?.userId !== userId) throw new Refusal('factor_unknown')
  return factor
}

/** The caller's factor; somebody else's is told apart from none (supabase-additions.md). */
async function ownFactor({ store }: Deps, user: User, factorId: string): Promise<Factor> {
  if (!isUuid(factorId)) throw new Refusal('factor_id_malformed')
  const factor = await store.findFactor(factorId.toLowerCase())
  if (!factor) throw new Refusal('factor_unknown')
  if (factor.userId !== user.id) throw new Refusal('factor_of_another')
  return factor
}

function requireSession({ user, session }: Caller) {
  if (user.isAnonymous) throw new Refusal('anonymous_not_allowed')
  if (!session) throw new Refusal('session_needed_for_factors')
  return { user, session }
}

/** Most users have none, and are not looked up. */
export const factorsOf = async ({ store }: Pick<Deps, 'store'>, { id, factorCount }: User): Promise<Factor[]> =>
  factorCount === 0 ? [] : store.listFactors(id)

/** Whether a user has a factor that counts, so that a session must have passed it for what matters most. */
export const hasVerifiedFactor = async (deps: Pick<Deps, 'store'>, user: User): Promise<boolean> =>
  (await factorsOf(deps, user)).some(({ status }) => status === 'verified')

/** Whether a caller has not passed the factor that their account has. */
export const lacksFactor = async (
  deps: Pick<Deps, 'store'>,
  { user, session }: Omit<Caller, 'claims'>,
): Promise<boolean> => session?.aal !== 'aal2' && (await hasVerifiedFactor(deps, user))

interface Notice {
  template: 'mfa_factor_enrolled_notification' | 'mfa_factor_unenrolled_notification'
  user: User
  factor: Factor
  client: Client
}

const noticeOf = (deps: Deps, now: number, { factor, user, ...rest }: Notice) =>
  prepareNotice(deps, now, { ...rest, user, to: user.email, values: { FactorType: factor.factorType } })

const secretPlace = (id: string) => `mfa_factors.secret:${id}`
