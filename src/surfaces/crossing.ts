/** Paths that two surfaces claim: which of them answers a request. */
import { opaqueKind } from '../core/tokens/opaque'
import { targetOf } from '../http/target'

/** Signing out: the surface on which the token was issued (README of the specification, shared paths). */
export function isFederatedLogout(request: Request): boolean {
  if (request.method !== 'POST' || targetOf(request).path !== '/auth/v1/logout') return false
  const bearer = /^bearer (\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
  return bearer !== undefined && opaqueKind(bearer) === 'federation'
}
