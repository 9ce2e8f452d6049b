/** The claims of an access token. */
import type { JsonObject } from '../../lib/json'
import type { Metadata } from '../../lib/metadata'
import type { AmrClaim, OpenedSession } from '../../store'
import type { Policy } from '../kernel/policy'

/** Claims of an access token in GoTrue's order (docs/wire-contract.md#access-token). Times in Unix seconds. */
export function accessClaims(
  policy: Policy,
  { user, session, amr }: OpenedSession,
  metadata: Metadata,
  issuedAt: number,
  expiresAt: number,
): JsonObject {
  return {
    ...(policy.issuer !== '' && { iss: policy.issuer }),
    sub: user.id,
    aud: user.aud,
    exp: expiresAt,
    iat: issuedAt,
    email: user.email ?? '',
    phone: user.phone ?? '',
    app_metadata: metadata.app,
    user_metadata: metadata.user,
    role: user.role,
    aal: session.aal,
    amr: amrClaim(amr),
    session_id: session.id,
    is_anonymous: user.isAnonymous,
  }
}

export function amrClaim(amr: AmrClaim[]): { method: string; timestamp: number }[] {
  return amr.map(({ authenticationMethod, updatedAt }) => ({
    method: authenticationMethod,
    timestamp: Math.floor(updatedAt / 1000),
  }))
}
