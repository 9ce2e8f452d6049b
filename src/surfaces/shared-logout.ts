/** `/auth/v1/logout` belongs to two surfaces: which of them answers a request. */
import { opaqueTokenKind } from '../core/tokens/opaque'
import { bearerOf } from '../http/bearer'
import { targetOf } from '../http/target'

/** Sign-out is answered by the surface that issued the token (docs/other-surfaces.md#shared-paths). */
export function isFederatedLogout(request: Request): boolean {
  if (request.method !== 'POST' || targetOf(request).path !== '/auth/v1/logout') return false
  const bearer = bearerOf(request)
  return bearer !== undefined && opaqueTokenKind(bearer) === 'federation'
}
