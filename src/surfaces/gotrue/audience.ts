import type { Core } from '../../core'
import { requireShortClaim } from '../../core/users/users'

/** The audience named by a request (`X-JWT-AUD`). */
export function namedAudience({ headers }: Request): string | undefined {
  const named = headers.get('x-jwt-aud') || undefined
  requireShortClaim('aud', named)
  return named
}

/** The audience of users for a request without a user. */
export function audience({ policy }: Pick<Core, 'policy'>, request: Request): string {
  return namedAudience(request) ?? policy.audience
}
