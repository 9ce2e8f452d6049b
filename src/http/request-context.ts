/** Context of a request, from the first byte to the log line. */
import type { Client } from '../core'
import { type Refusal, refusalIn } from '../core/kernel/refusal'
import type { RequestFacts } from '../core/kernel/request-facts'
import { type Cidr, canonicalIp, isInNetworks } from '../lib/ip'

export interface RequestContext {
  /** The request id: the client's own if acceptable. */
  id: string
  /** Milliseconds of a monotonic clock. */
  startedAt: number
  /** Pattern of the matched route, such as `/auth/v1/admin/users/:id`. */
  route: string | undefined
  /** What was found out about it. */
  facts: RequestFacts
  /** Why the request was refused, for the log and for the error page. */
  refusal?: Refusal
  /** The error code of the answer, for the log and for the link to its page in the documentation. */
  errorCode?: string
  /** Whether it came with an API key of another server, which the error should say. */
  showsUnknownKey?: boolean
  /** The client; computed on demand. */
  client(): Client
}

const contexts = new WeakMap<Request, RequestContext>()

export function setRequestContext(request: Request, exchange: RequestContext): void {
  contexts.set(request, exchange)
}

/** The context of a request that came through the server. */
export function requestContextOf(request: Request): RequestContext {
  const exchange = contexts.get(request)
  if (!exchange) throw new Error('this request did not come through the server')
  return exchange
}

/** Records for the log why a request is refused. @returns the refusal; undefined if the error is a fault */
export function noteRefusal(error: unknown, request: Request): Refusal | undefined {
  const refusal = refusalIn(error)
  if (refusal) requestContextOf(request).refusal = refusal
  return refusal
}

/**
 * The client's address. A peer is the client unless it is a trusted proxy; then it is the right-most hop of
 * X-Forwarded-For that is not one. An unparsable hop ends the search.
 * @param peer address of the connection, undefined on a Unix socket
 */
export function clientIp(
  peer: string | undefined,
  forwardedFor: string | null,
  trustedProxies: readonly Cidr[],
): string {
  let ip = canonicalIp(peer ?? '') ?? '0.0.0.0'
  const hops = forwardedFor?.split(',') ?? []
  while (hops.length > 0 && isInNetworks(ip, trustedProxies)) {
    const hop = canonicalIp(hops.pop() as string)
    if (hop === undefined) break
    ip = hop
  }
  return ip
}

/** The hosts that links to this server may use, in addition to the host of its own URL. */
export interface LinkHosts {
  apiExternalUrl: string
  /** Lower-case, each with its port if it is not the default. */
  hosts: readonly string[]
}

/**
 * The origin that a proxy reports, if its host is listed. Headers can choose only among these. Never http if the
 * server's own URL is https.
 */
export function forwardedOrigin(headers: Headers, { apiExternalUrl, hosts }: LinkHosts): string | undefined {
  const [host = ''] = headers.get('x-forwarded-host')?.toLowerCase().split(',', 1) ?? []
  if (!hosts.includes(host.trim())) return undefined
  const isHttp = apiExternalUrl.startsWith('http:') && headers.get('x-forwarded-proto') !== 'https'
  return `${isHttp ? 'http' : 'https'}://${host.trim()}`
}

const PLAUSIBLE_ID = /^[\w.:/+=-]{1,128}$/

/** The client's request id if it is suitable for a log line; otherwise a new one. */
export function requestId(given: string | null): string {
  return given !== null && PLAUSIBLE_ID.test(given) ? given : crypto.randomUUID()
}

/** Enough in practice, and cheap to sort. */
const MAX_LANGUAGES = 10

/** Language tags of an Accept-Language header, most preferred first (RFC 9110 §12.5.4). */
export function acceptedLanguages(header: string | null): string[] {
  if (header === null) return []
  const ranges = header.split(',', MAX_LANGUAGES).flatMap((range) => {
    const [, tag, quality = '1'] =
      /^\s*([a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*)\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*$/.exec(range) ?? []
    return tag === undefined || Number(quality) === 0 ? [] : [{ tag, quality: Number(quality) }]
  })
  return ranges.sort((a, b) => b.quality - a.quality).map(({ tag }) => tag)
}
