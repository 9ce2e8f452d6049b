/** For those who run the server: `/ready`, and the API's own documentation. */
import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import type { Core, MailQueue } from '../../core'
import { ROUTING } from '../../http/endpoint'
import { exchangeOf } from '../../http/exchange'
import { swagger, swaggerPaths } from '../../pages/swagger'

/** How long one finding holds, so that asking often does not write often. */
const PROBE_MS = 1000

/** Mail that has waited for this long makes somebody wait. It is told and no more: a restart would not help. */
const DELAYED_MS = 300_000

export interface OperationsOptions {
  onFault(error: unknown, request: Request): void
  /** Milliseconds of a clock that is never set back. */
  monotonic(): number
}

const Readiness = Type.Object(
  {
    status: Type.Union([Type.Literal('ok'), Type.Literal('unavailable')]),
    checks: Type.Object({
      database: Type.String(),
      mail: Type.String({ description: '`delayed` where a mail has waited for over five minutes.' }),
    }),
    mail_queue: Type.Object({ length: Type.Integer(), oldest_seconds: Type.Integer() }),
  },
  { $id: 'Readiness' },
)

export function operations(core: Core, options: OperationsOptions) {
  const probe = readiness(core, options)
  const app = new Elysia(ROUTING).get(
    '/ready',
    async ({ request, route, status }) => {
      exchangeOf(request).route = route
      const { isWritable, queue } = await probe(request)
      const answer = {
        status: isWritable ? ('ok' as const) : ('unavailable' as const),
        checks: { database: isWritable ? 'ok' : 'failed', mail: queue.oldestMs > DELAYED_MS ? 'delayed' : 'ok' },
        mail_queue: { length: queue.length, oldest_seconds: Math.floor(queue.oldestMs / 1000) },
      }
      return isWritable ? answer : status(503, answer)
    },
    {
      response: { 200: Readiness, 503: Readiness },
      detail: {
        operationId: 'getReady',
        tags: ['Server'],
        summary:
          'Whether the server can do its work: a row was written and is on disk. Tells how long mail has waited, too',
        security: [],
      },
    },
  )
  app.get(
    '/healthz',
    async ({ request, route, status }) => {
      exchangeOf(request).route = route
      if ((await probe(request)).isWritable) return { status: 'ok' as const }
      return status(503, { status: 'unavailable' as const, checks: { database: 'failed' } })
    },
    {
      response: {
        200: Type.Object({ status: Type.Literal('ok') }, { $id: 'Healthz' }),
        503: Type.Object(
          { status: Type.Literal('unavailable'), checks: Type.Object({ database: Type.String() }) },
          { $id: 'HealthzFailed' },
        ),
      },
      detail: {
        operationId: 'getHealthz',
        tags: ['Server'],
        summary: 'Whether the database takes writes; what is wrong with the settings stops the start',
        security: [],
      },
    },
  )
  for (const path of swaggerPaths) {
    app.get(
      path,
      ({ request, route }) => {
        exchangeOf(request).route = route
        return swagger(path)
      },
      { detail: { hide: true } },
    )
  }
  return app
}

interface Finding {
  isWritable: boolean
  queue: MailQueue
}

const UNKNOWN: Finding = { isWritable: false, queue: { length: 0, oldestMs: 0, nextInMs: undefined } }

/** Whether a write reaches the disk, and how mail waits; looked at once a second at most, what was wrong is told once a look. */
function readiness(core: Core, { onFault, monotonic }: OperationsOptions) {
  let finding = Promise.resolve(UNKNOWN)
  let foundAt = -PROBE_MS
  return (request: Request): Promise<Finding> => {
    if (monotonic() - foundAt >= PROBE_MS) {
      foundAt = monotonic()
      finding = look().catch((error: unknown) => {
        onFault(error, request)
        return UNKNOWN
      })
    }
    return finding
  }

  async function look(): Promise<Finding> {
    await core.probe()
    return { isWritable: true, queue: await core.mailQueue() }
  }
}
