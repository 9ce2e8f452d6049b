/**
 * Requests without an endpoint: unknown paths, wrong methods, and GoTrue features that are off here. Below some
 * prefixes GoTrue checks the caller before the path, so that the responses reveal nothing to unauthenticated callers.
 */
import type { Core } from '../../core'
import type { PlainReason } from '../../core/kernel/refusal'
import { Refusal } from '../../core/kernel/refusal'
import { credentialsOf } from '../../http/credentials'
import type { Access, Endpoint } from '../../http/endpoint'
import type { SurfaceFormat } from '../../http/mount'
import { requestContextOf } from '../../http/request-context'
import { isBelow, pageNotFound, targetOf } from '../../http/target'

/** Methods known to GoTrue's router. Others are refused before the path or the caller is checked. */
const ROUTABLE = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'])

const protectedPrefixes: [prefix: string, access: Access][] = [
  ['/admin', 'admin'],
  ['/user', 'user'],
  ['/sessions', 'user'],
  ['/factors', 'user'],
  ['/reauthenticate', 'user'],
]

const disabledPrefixes: [prefix: string, reason: PlainReason][] = [
  ['/sso', 'saml_off'],
  ['/oauth', 'oauth_server_off'],
  ['/admin/oauth', 'oauth_server_off'],
  ['/user/oauth', 'oauth_server_off'],
  ['/.well-known/oauth-authorization-server', 'oauth_server_off'],
  ['/scim/v2', 'scim_off'],
]

export function notFoundResponse(core: Core, endpoints: readonly Endpoint[], format: SurfaceFormat) {
  const routes = endpoints.map(({ method, path, access, allowsTrailingSlash }) => ({
    method,
    isPublic: access === 'anyone',
    pattern: new RegExp(`^${path.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+')}${allowsTrailingSlash ? '/?' : ''}$`),
  }))
  return async (request: Request): Promise<Response> => {
    if (!ROUTABLE.has(request.method)) return new Response(null, { status: 405 })
    const path = targetOf(request).path.slice(format.prefix.length)
    const known = routes.filter(({ pattern }) => pattern.test(path))
    try {
      // A public path reveals nothing: those are additions to GoTrue below its protected prefixes.
      if (!known.some(({ isPublic }) => isPublic)) await requireCaller(core, path, request)
      const off = disabledPrefixes.find(([prefix]) => isBelow(path, prefix))
      if (off) throw new Refusal(off[1])
    } catch (error) {
      return format.answerError(error, request)
    }
    const allowed = known.map(({ method }) => method)
    if (allowed.length > 0) return new Response(null, { status: 405, headers: { Allow: allowed.join(', ') } })
    return pageNotFound()
  }
}

async function requireCaller(server: Core, path: string, request: Request): Promise<void> {
  const core = server.forRequest(requestContextOf(request).client)
  const access = protectedPrefixes.find(([prefix]) => isBelow(path, prefix))?.[1]
  if (access === 'user') await core.authenticateUser(credentialsOf(core, request))
  if (access === 'admin') await core.authenticateAdmin(credentialsOf(core, request))
}
