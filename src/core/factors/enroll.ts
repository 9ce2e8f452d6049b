/** Enrollment of a second factor (`POST /factors`). The factor takes effect once it is verified. */
import type { FactorType } from '../../lib/factor-types'
import type { Factor } from '../../store'
import { auditEntry } from '../kernel/audit'
import { type Caller, requestSessionOf } from '../kernel/caller'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { normalizePhone } from '../users/users'
import { base32, keyUri, newSecret, sealSecret } from './totp'
import { requireSession, requireShortName } from './user-factors'

/** Limited because it appears twice in the QR code, percent-encoded, together with the address. */
const MAX_ISSUER_BYTES = 255

export interface EnrollRequest {
  caller: Caller
  type: string
  friendlyName: string
  /** The issuer shown by the authenticator; empty for the site. */
  issuer: string
  phone: string
}

export interface EnrolledFactor {
  factor: Factor
  /** For TOTP factors. */
  totp?: {
    /** Base32, for manual entry. */
    secret: string
    uri: string
    /** SVG. */
    qrCode: string
  }
}

/** @throws {Refusal} in the order of GoTrue's `POST /factors` */
export async function enrollFactor(context: Context, request: EnrollRequest): Promise<EnrolledFactor> {
  const { policy, random, qrCode } = context
  const { user } = requireSession(request.caller)
  requireShortName(request.friendlyName)
  switch (request.type) {
    case 'totp': {
      if (!policy.mfa.totp.enrollEnabled) throw new Refusal('totp_enrolment_disabled')
      if (Buffer.byteLength(request.issuer) > MAX_ISSUER_BYTES) throw new Refusal('factor_issuer_too_long')
      const id = random.uuid()
      const secret = newSecret(context)
      const factor = await addFactor(context, request, {
        id,
        factorType: 'totp',
        secret: sealSecret(context, id, secret),
      })
      const uri = keyUri(secret, request.issuer || policy.mfa.issuer, user.email ?? user.phone ?? user.id)
      return { factor, totp: { secret: base32(secret), uri, qrCode: qrCode(uri) } }
    }
    case 'phone': {
      if (!policy.mfa.phone.enrollEnabled) throw new Refusal('phone_enrolment_disabled')
      if (request.phone === '') throw new Refusal('factor_phone_missing')
      const phone = normalizePhone(request.phone)
      return { factor: await addFactor(context, request, { id: random.uuid(), factorType: 'phone', phone }) }
    }
    case 'webauthn': {
      if (!policy.mfa.webauthn.enrollEnabled) throw new Refusal('webauthn_enrolment_disabled')
      return { factor: await addFactor(context, request, { id: random.uuid(), factorType: 'webauthn' }) }
    }
    default:
      throw new Refusal('factor_type_unknown')
  }
}

async function addFactor(
  context: Context,
  { caller, friendlyName }: EnrollRequest,
  kind: Pick<Factor, 'id' | 'factorType'> & Partial<Factor>,
): Promise<Factor> {
  const { policy, store, now } = context
  const { user, session } = requireSession(caller)
  const factor = newFactor(now, { userId: user.id, friendlyName, status: 'unverified', ...kind })
  const outcome = await store.enrollFactor({
    factor,
    acting: requestSessionOf(session),
    limits: policy.mfa.limits,
    staleBefore: now - policy.mfa.unverifiedMs,
    audit: [auditEntry(context, 'factor_in_progress', user, { factor_id: factor.id })],
  })
  if (outcome === 'factor_name_taken') throw new Refusal(outcome, { detail: friendlyName })
  if (outcome !== 'enrolled') throw new Refusal(outcome)
  return factor
}

/** A factor row with defaults for everything not given. @param now Unix milliseconds */
export function newFactor(
  now: number,
  given: Pick<Factor, 'id' | 'userId' | 'friendlyName' | 'status'> & { factorType: FactorType } & Partial<Factor>,
): Factor {
  return {
    secret: '',
    lastStep: -1,
    phone: null,
    webAuthnAaguid: null,
    lastChallengedAt: null,
    createdAt: now,
    updatedAt: now,
    ...given,
  }
}
