/** What is reported of a request once it is answered: a line in the log, metrics, and why it was refused. */
import { ValidationError } from 'elysia'
import { type Log, REQUEST } from './log'
import type { Metrics } from './metrics'
import { type RequestContext, requestContextOf } from './request-context'

export interface ReportOptions {
  /** Whether successful requests for a route are only logged at level `debug`. */
  isFrequent(route: string): boolean
  log: Log
  metrics: Metrics | undefined
  /** Called with each request that was refused, or failed. */
  onRefused(request: Request, context: RequestContext, status: number): void
}

type Report = (request: Request, response: Response, exchange: RequestContext) => void

export function requestReport({ isFrequent, log, metrics, onRefused }: ReportOptions): Report {
  return (request, response, exchange) => {
    const { id, startedAt, route: pattern, refusal, errorCode, showsUnknownKey } = exchange
    const { status } = response
    const ms = performance.now() - startedAt
    const isQuiet = status < 400 && pattern !== undefined && isFrequent(pattern)
    const level = showsUnknownKey ? 'warn' : isQuiet ? 'debug' : 'info'
    log[level](REQUEST, {
      id,
      method: request.method,
      route: pattern,
      status,
      ms: Math.round(ms * 100) / 100,
      code: errorCode,
      reason: refusal?.reason,
      limit: refusal?.detail.limit,
      ...(showsUnknownKey && { api_key: 'not a key of this server' }),
    })
    metrics?.observe(request.method, pattern, status, ms / 1000)
    if (refusal?.detail.limit !== undefined) metrics?.observeLimit(refusal.detail.limit)
    if (refusal || status >= 500) onRefused(request, exchange, status)
  }
}

function errorFields(error: unknown): { error: string; stack?: string | undefined } {
  // Elysia's message about an invalid response contains the response.
  if (error instanceof ValidationError)
    return { error: `${error.type} does not match the schema at ${error.valueError?.path}` }
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error))
  return { error: `${name}: ${message}`, stack }
}

/** The cause of a fault is logged with the request id, and appears nowhere else. */
export function logFault(log: Log, request: Request, error: unknown): void {
  const { id, route } = requestContextOf(request)
  log.error('unhandled error', { id, route, ...errorFields(error) })
}
