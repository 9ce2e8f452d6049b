/** Endpoints for operators: `/ready` and `/healthz`. */
import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import type { Core } from '../../core'
import type { Finding } from '../../core/kernel/server-state'
import type { Readiness } from '../../core/operations/readiness'
import { ROUTING } from '../../http/mount'
import { requestContextOf } from '../../http/request-context'
import { SERVER_ID } from '../../http/server-id'

/** How long a result is reused, so that frequent requests do not write often. */
const PROBE_MS = 1000

export interface OperationsOptions {
  onFault(error: unknown, request: Request): void
  /** Milliseconds of a monotonic clock. */
  monotonic(): number
  /** For the header of that name. */
  serverId: string
}

const Ready = Type.Object(
  {
    status: Type.Union([Type.Literal('ok'), Type.Literal('unavailable')]),
    checks: Type.Record(Type.String(), Type.String(), {
      description: 'The checks by name: `ok`, or the problem in one word.',
    }),
    reasons: Type.Optional(
      Type.Record(Type.String(), Type.String(), { description: 'The problem, for each check that is not `ok`.' }),
    ),
    mail_queue: Type.Object({ length: Type.Integer(), oldest_seconds: Type.Integer() }),
  },
  { $id: 'Readiness' },
)

const Healthz = Type.Object({ status: Type.Literal('ok') }, { $id: 'Healthz' })

const HealthzFailed = Type.Object(
  { status: Type.Literal('unavailable'), checks: Type.Record(Type.String(), Type.String()) },
  { $id: 'HealthzFailed' },
)

export const OPERATIONS_PATHS = ['/ready', '/healthz']

export function operations(core: Core, options: OperationsOptions) {
  const look = cachedReadiness(core, options)
  const app = new Elysia(ROUTING).get(
    '/ready',
    async ({ request, route, set, status }) => {
      requestContextOf(request).route = route
      set.headers[SERVER_ID] = options.serverId
      const { isReady, findings, queue } = await look(request)
      const reasons = textOf(findings, ({ reason }) => reason)
      const answer = {
        status: isReady ? ('ok' as const) : ('unavailable' as const),
        checks: textOf(findings, ({ state }) => state),
        ...(Object.keys(reasons).length > 0 && { reasons }),
        mail_queue: { length: queue.length, oldest_seconds: Math.floor(queue.oldestMs / 1000) },
      }
      return isReady ? answer : status(503, answer)
    },
    {
      response: { 200: Ready, 503: Ready },
      detail: {
        operationId: 'getReady',
        tags: ['Server'],
        summary: 'Readiness: whether the database can be read and written. Lists each check and its problem',
        security: [],
      },
    },
  )
  app.get(
    '/healthz',
    async ({ request, route, set, status }) => {
      requestContextOf(request).route = route
      set.headers[SERVER_ID] = options.serverId
      const { isReady, findings } = await look(request)
      if (isReady) return { status: 'ok' as const }
      const checks = textOf(findings, ({ state, isFatal }) => (isFatal ? state : undefined))
      return status(503, { status: 'unavailable' as const, checks })
    },
    {
      response: { 200: Healthz, 503: HealthzFailed },
      detail: {
        operationId: 'getHealthz',
        tags: ['Server'],
        summary: 'Readiness, as in `/ready`. Invalid settings prevent startup',
        security: [],
      },
    },
  )
  return app
}

/** One property of each finding, without undefined values. */
function textOf(findings: Record<string, Finding>, part: (finding: Finding) => string | undefined) {
  const shown = Object.entries(findings).flatMap(([name, finding]) => {
    const text = part(finding)
    return text === undefined ? [] : [[name, text] as const]
  })
  return Object.fromEntries(shown)
}

/** Runs every check, at most once a second. */
function cachedReadiness(core: Core, { onFault, monotonic }: OperationsOptions) {
  let snapshot: Promise<Readiness> | undefined
  let takenAt = -PROBE_MS
  return (request: Request): Promise<Readiness> => {
    if (!snapshot || monotonic() - takenAt >= PROBE_MS) {
      takenAt = monotonic()
      snapshot = core.forTask().checkReadiness((error) => onFault(error, request))
    }
    return snapshot
  }
}
