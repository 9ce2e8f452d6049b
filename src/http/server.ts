/** The path of every request: an id, a preflight or a route, common headers, a log line, metrics. */
import type { Client } from '../core'
import type { Cidr } from '../lib/ip'
import type { Cors } from './cors'
import { hasDotSegments } from './dot-segments'
import {
  acceptedLanguages,
  clientIp,
  forwardedOrigin,
  type LinkHosts,
  type RequestContext,
  requestContextOf,
  requestId,
  setRequestContext,
} from './request-context'
import { logFault, type ReportOptions, requestReport } from './request-report'
import { pageNotFound, targetOf } from './target'

/** Provides the remote address of a request's connection; Bun's server is one. */
export interface ConnectionInfo {
  requestIP(request: Request): { address: string } | null
}

export interface ServerOptions extends ReportOptions {
  /** Routes a request. */
  route(request: Request): Response | Promise<Response>
  /** Handles unmatched requests: unknown paths and wrong methods. */
  notFoundResponse(request: Request): Promise<Response>
  /** Whether a path answers HEAD as GET: not on the Supabase surface, because GoTrue does not. */
  supportsHead(path: string): boolean
  /** Answers an error with a page if the client is a browser. */
  presentError(request: Request, response: Response): Promise<Response>
  /** The URL of the page about an error code; undefined if the documentation is not served. */
  helpUrl: ((code: string) => string) | undefined
  cors: Cors
  requestIdHeader: string
  trustedProxies: readonly Cidr[]
  linkHosts: LinkHosts
}

/** The URL of the page about an error. */
const HELP_HEADER = 'X-Error-Help'

export type Fetch = (request: Request, peers: ConnectionInfo) => Promise<Response>

export function createFetch(options: ServerOptions): Fetch {
  const { route, notFoundResponse, presentError, supportsHead, helpUrl, cors, log, requestIdHeader } = options
  const report = requestReport(options)

  return async (request, peers) => {
    // Determined once: Bun no longer has the address after the client has disconnected.
    let client: Client | undefined
    const exchange: RequestContext = {
      id: requestId(request.headers.get(requestIdHeader)),
      startedAt: performance.now(),
      route: undefined,
      facts: {},
      client: () => {
        client ??= clientOf(request, peers, exchange)
        return client
      },
    }
    setRequestContext(request, exchange)
    const preflight = cors.preflight(request)
    let response = preflight ?? (await answer(request))
    if (response.status >= 400) response = linked(await presented(request, response), exchange)
    const { headers } = response
    if (!preflight) cors.decorate(request, headers)
    headers.set(requestIdHeader, exchange.id)
    headers.set('X-Content-Type-Options', 'nosniff')
    report(request, response, exchange)
    return response
  }

  function clientOf(request: Request, peers: ConnectionInfo, { id, facts }: RequestContext): Client {
    const { headers } = request
    return {
      ip: clientIp(peers.requestIP(request)?.address, headers.get('x-forwarded-for'), options.trustedProxies),
      userAgent: headers.get('user-agent') ?? undefined,
      origin: forwardedOrigin(headers, options.linkHosts),
      languages: acceptedLanguages(headers.get('accept-language')),
      requestId: id,
      facts,
      get disconnected() {
        return request.signal
      },
    }
  }

  async function presented(request: Request, response: Response): Promise<Response> {
    try {
      return await presentError(request, response)
    } catch (error) {
      logFault(log, request, error)
      return internalError()
    }
  }

  /**
   * Links to the page about the error. `Link` of RFC 8288 is kept for pages of lists, as clients of GoTrue expect it.
   */
  function linked(response: Response, { errorCode }: RequestContext): Response {
    if (helpUrl && errorCode !== undefined) response.headers.set(HELP_HEADER, helpUrl(errorCode))
    return response
  }

  /** Surfaces handle their own faults; this is for faults outside them. */
  async function answer(request: Request): Promise<Response> {
    try {
      // Bun leaves a host that is not valid out of the URL (RFC 9112 §3.2).
      if (request.url.startsWith('/')) return new Response('Bad Request: invalid Host header\n', { status: 400 })
      if (hasDotSegments(request)) return pageNotFound()
      if (request.method === 'HEAD' && supportsHead(targetOf(request).path)) return await head(request)
      // Elysia would answer HEAD as GET, and OPTIONS with an empty response; no endpoint has either
      if (request.method === 'HEAD' || request.method === 'OPTIONS') return await notFoundResponse(request)
      return await route(request)
    } catch (error) {
      logFault(log, request, error)
      return internalError()
    }
  }

  /** The GET response without its body (RFC 9110 §9.3.2). */
  async function head(request: Request): Promise<Response> {
    const get = new Request(request, { method: 'GET' })
    setRequestContext(get, requestContextOf(request))
    const response = await route(get)
    const { status, headers } = response
    // Bun would send 0, which is wrong for a body that is not sent (RFC 9110 §8.6).
    headers.set('Content-Length', String((await response.arrayBuffer()).byteLength))
    return new Response(null, { status, headers })
  }
}

const internalError = () => new Response('Internal Server Error', { status: 500 })
