/** Adding a second factor (contract 1.9). It counts once it was shown to work. */
import type { FactorType } from '../../lib/factor-types'
import type { Factor } from '../../store'
import { normalisePhone } from '../accounts/users'
import { auditEntry } from '../audit'
import { actingIn, type Caller } from '../caller'
import type { Deps } from '../deps'
import { Refusal } from '../refusal'
import { requireSession, requireShortName } from './own'
import { base32, keyUri, newSecret, sealSecret } from './totp'

/** So that a QR code holds it, twice and percent-encoded, beside the address. */
const MAX_ISSUER_BYTES = 255

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
  /** Of an authenticator app. */
  totp?: {
    /** Base32, for those who cannot scan. */
    secret: string
    uri: string
    /** SVG. */
    qrCode: string
  }
}

/** @throws {Refusal} in the order of contract 1.9 */
export async function enrolFactor(deps: Deps, request: EnrolRequest): Promise<EnrolledFactor> {
  const { policy, random, qrCode } = deps
  const { user } = requireSession(request.caller)
  requireShortName(request.friendlyName)
  switch (request.type) {
    case 'totp': {
      if (!policy.mfa.totp.enrols) throw new Refusal('totp_enrolment_disabled')
      if (Buffer.byteLength(request.issuer) > MAX_ISSUER_BYTES) throw new Refusal('factor_issuer_too_long')
      const id = random.uuid()
      const secret = newSecret(deps)
      const factor = await addFactor(deps, request, { id, factorType: 'totp', secret: sealSecret(deps, id, secret) })
      const uri = keyUri(secret, request.issuer || policy.mfa.issuer, user.email ?? user.phone ?? user.id)
      return { factor, totp: { secret: base32(secret), uri, qrCode: qrCode(uri) } }
    }
    case 'phone': {
      if (!policy.mfa.phone.enrols) throw new Refusal('phone_enrolment_disabled')
      if (request.phone === '') throw new Refusal('factor_phone_missing')
      const phone = normalisePhone(request.phone)
      return { factor: await addFactor(deps, request, { id: random.uuid(), factorType: 'phone', phone }) }
    }
    case 'webauthn': {
      if (!policy.mfa.webauthn.enrols) throw new Refusal('webauthn_enrolment_disabled')
      return { factor: await addFactor(deps, request, { id: random.uuid(), factorType: 'webauthn' }) }
    }
    default:
      throw new Refusal('factor_type_unknown')
  }
}

async function addFactor(
  deps: Deps,
  { caller, friendlyName }: EnrolRequest,
  kind: Pick<Factor, 'id' | 'factorType'> & Partial<Factor>,
): Promise<Factor> {
  const { policy, clock, store } = deps
  const { user, session } = requireSession(caller)
  const now = clock.now()
  const factor = newFactor(now, { userId: user.id, friendlyName, status: 'unverified', ...kind })
  const outcome = await store.enrolFactor({
    ...{ factor, acting: actingIn(session), limits: policy.mfa.limits },
    staleBefore: now - policy.mfa.unverifiedMs,
    audit: [auditEntry(deps, now, 'factor_in_progress', user, { factor_id: factor.id })],
  })
  if (outcome !== 'enrolled') throw new Refusal(outcome, { detail: friendlyName })
  return factor
}

/** A row of a factor with nothing set but what is given. @param now Unix milliseconds */
export function newFactor(
  now: number,
  given: Pick<Factor, 'id' | 'userId' | 'friendlyName' | 'status'> & { factorType: FactorType } & Partial<Factor>,
): Factor {
  return {
    ...{ secret: '', lastStep: -1, phone: null, webAuthnAaguid: null, lastChallengedAt: null },
    ...{ createdAt: now, updatedAt: now },
    ...given,
  }
}
