import type { Core } from '../../core'
import { requireShortClaim } from '../../core/accounts/users'

/** The audience a request names for itself (contract 0.10). */
export function namedAudience({ headers }: Request): string | undefined {
  const named = headers.get('x-jwt-aud') || undefined
  requireShortClaim('aud', named)
  return named
}

/** The audience of users that a request without a user is about. */
export function audience({ policy }: Pick<Core, 'policy'>, request: Request): string {
  return namedAudience(request) ?? policy.audience
}
