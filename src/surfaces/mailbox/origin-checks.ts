/** Keeps other sites out: their pages must neither read nor clear the mailbox. */
import { requestContextOf } from '../../http/request-context'
import { canonicalIp, isLoopback, isLoopbackInBrowsers } from '../../lib/ip'

/**
 * Whether the request uses one of our host names. An attacker can make a domain resolve to our address (DNS rebinding),
 * and a page there could read our responses; that is impossible with an IP address, with a name unknown to public DNS,
 * or with the server's configured name.
 */
export function isOwnHost(request: Request, apiExternalUrl: string): boolean {
  const name = URL.parse(`http://${hostOf(request)}`)?.hostname
  if (name === undefined) return false
  const isAddress = canonicalIp(name) !== undefined
  const isLocal = !name.includes('.') || name.endsWith('.localhost')
  return isAddress || isLocal || name === new URL(apiExternalUrl).hostname
}

/**
 * Whether a browser reports a page of another site (Fetch Metadata §2.2, Fetch Standard §3.2). Behind a proxy, our
 * origin is the origin of the external URL.
 */
export function isCrossSiteRequest(request: Request, apiExternalUrl: string): boolean {
  const site = request.headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin' && site !== 'none') return true
  const origin = request.headers.get('origin')
  if (origin === null) return false
  const page = URL.parse(origin)
  if (page === null) return true
  const own = [URL.parse(`${page.protocol}//${hostOf(request)}`), URL.parse(apiExternalUrl)]
  return !own.some((each) => each?.host === page.host)
}

/** Headers added by proxies; a request with one of these was forwarded. */
const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via']

/** Whether a request was made on this machine directly, under its own name. */
export function isDirectLocalRequest(request: Request): boolean {
  const name = URL.parse(`http://${hostOf(request)}`)?.hostname ?? ''
  const isProxied = PROXY_HEADERS.some((header) => request.headers.has(header))
  return isLoopbackInBrowsers(name) && !isProxied && isLoopback(requestContextOf(request).client().ip)
}

/** As sent by the client. */
function hostOf(request: Request): string {
  return request.headers.get('host') ?? new URL(request.url).host
}
