/**
 * CORS (Fetch Standard) as GoTrue implements it (docs/wire-contract.md#cors): any origin is allowed, because tokens
 * travel in headers and nothing there is authenticated by a cookie. `apikey` is allowed too, which GoTrue leaves to a
 * gateway.
 */
import { isBelow, targetOf } from './target'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const HEADERS = [
  'accept',
  'apikey',
  'authorization',
  'content-type',
  'x-client-ip',
  'x-client-info',
  'x-jwt-aud',
  'x-use-cookie',
  'x-supabase-api-version',
]
const EXPOSED = 'X-Total-Count, Link, X-Supabase-Api-Version'

export interface Cors {
  /** The response to a preflight request; undefined for other requests. */
  preflight(request: Request): Response | undefined
  /** Adds the CORS headers of an actual response. */
  decorate(request: Request, headers: Headers): void
}

/**
 * @param furtherHeaders request headers to allow in addition to those supabase-js sends
 * @param closedPaths paths, and everything below, without CORS permission
 */
export function cors(furtherHeaders: readonly string[], closedPaths: readonly string[] = []): Cors {
  const allowed = new Set([...HEADERS, ...furtherHeaders.map((header) => header.toLowerCase())])
  const isClosed = (request: Request) => closedPaths.some((path) => isBelow(targetOf(request).path, path))
  return {
    preflight(request) {
      const method = request.headers.get('access-control-request-method')
      if (request.method !== 'OPTIONS' || method === null || isClosed(request)) return undefined
      const headers = new Headers({ Vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers' })
      const asked = request.headers.get('access-control-request-headers') ?? ''
      const names = asked.split(',').map((name) => name.trim().toLowerCase())
      const isFine = METHODS.includes(method) && names.every((name) => name === '' || allowed.has(name))
      if (isFine && request.headers.has('origin')) {
        headers.set('Access-Control-Allow-Origin', '*')
        headers.set('Access-Control-Allow-Credentials', 'true')
        headers.set('Access-Control-Allow-Methods', method)
        if (asked !== '') headers.set('Access-Control-Allow-Headers', asked)
      }
      return new Response(null, { status: 204, headers })
    },
    decorate(request, headers) {
      if (isClosed(request)) return
      headers.append('Vary', 'Origin')
      if (!request.headers.has('origin') || !METHODS.includes(request.method)) return
      headers.set('Access-Control-Allow-Origin', '*')
      headers.set('Access-Control-Allow-Credentials', 'true')
      headers.set('Access-Control-Expose-Headers', EXPOSED)
    },
  }
}
