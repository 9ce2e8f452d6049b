/** Keeps pages of other sites out: what they make a browser ask is not for them to read, and not for them to clear. */
import { exchangeOf } from '../../http/exchange'
import { canonicalIp, isLoopback } from '../../lib/ip'

/**
 * Whether the request was made under a name that is ours. A stranger can let a name of his own resolve to our address
 * (DNS rebinding), and his page may then read what we answer; he cannot do that with an address, with a name that public
 * DNS does not know, or with the name the server was given.
 */
export function isOwnName(request: Request, apiExternalUrl: string): boolean {
  const name = URL.parse(`http://${hostOf(request)}`)?.hostname
  if (name === undefined) return false
  const isAddress = canonicalIp(name) !== undefined
  const isLocal = !name.includes('.') || name.endsWith('.localhost')
  return isAddress || isLocal || name === new URL(apiExternalUrl).hostname
}

/**
 * Whether a page of another site asks, by what browsers say of it (Fetch Metadata §2.2, Fetch Standard §3.2). Behind a
 * proxy the page's origin is that of the external URL.
 */
export function isForeignPage(request: Request, apiExternalUrl: string): boolean {
  const site = request.headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin' && site !== 'none') return true
  const origin = request.headers.get('origin')
  if (origin === null) return false
  const page = URL.parse(origin)
  if (page === null) return true
  const own = [URL.parse(`${page.protocol}//${hostOf(request)}`), URL.parse(apiExternalUrl)]
  return !own.some((each) => each?.host === page.host)
}

/** What proxies add; a request with one of these came through somebody. */
const OF_PROXIES = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via']

/** Whether a request was made on this machine, under its own name, and brought by nobody else. */
export function isFromThisMachine(request: Request): boolean {
  const name = URL.parse(`http://${hostOf(request)}`)?.hostname ?? ''
  const isOwn = name === 'localhost' || name.endsWith('.localhost') || isLoopback(name)
  const isBrought = OF_PROXIES.some((header) => request.headers.has(header))
  return isOwn && !isBrought && isLoopback(exchangeOf(request).client().ip)
}

/** As the client wrote it. */
function hostOf(request: Request): string {
  return request.headers.get('host') ?? new URL(request.url).host
}
