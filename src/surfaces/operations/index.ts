/** For those who run the server: `/ready`, and the API's own documentation. */
import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import type { Core } from '../../core'
import { ROUTING } from '../../http/endpoint'
import { exchangeOf } from '../../http/exchange'
import { swagger, swaggerPaths } from '../../pages/swagger'

/** How long one finding holds, so that asking often does not write often. */
const PROBE_MS = 1000

export interface OperationsOptions {
  onFault(error: unknown, request: Request): void
  /** Milliseconds of a clock that is never set back. */
  monotonic(): number
}

const Readiness = Type.Object(
  {
    status: Type.Union([Type.Literal('ok'), Type.Literal('unavailable')]),
    checks: Type.Object({ database: Type.String() }),
  },
  { $id: 'Readiness' },
)

export function operations(core: Core, options: OperationsOptions) {
  const probe = readiness(core, options)
  const app = new Elysia(ROUTING).get(
    '/ready',
    async ({ request, route, status }) => {
      exchangeOf(request).route = route
      if (await probe(request)) return { status: 'ok' as const, checks: { database: 'ok' } }
      return status(503, { status: 'unavailable' as const, checks: { database: 'failed' } })
    },
    {
      response: { 200: Readiness, 503: Readiness },
      detail: {
        operationId: 'getReady',
        tags: ['Server'],
        summary: 'Whether the server can do its work: a row was written and is on disk',
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

/** Whether a write reaches the disk, looked at once a second at most; what was wrong is told once a look. */
function readiness(core: Core, { onFault, monotonic }: OperationsOptions) {
  let finding = Promise.resolve(true)
  let foundAt = -PROBE_MS
  return (request: Request): Promise<boolean> => {
    if (monotonic() - foundAt >= PROBE_MS) {
      foundAt = monotonic()
      finding = core.probe().then(
        () => true,
        (error: unknown) => {
          onFault(error, request)
          return false
        },
      )
    }
    return finding
  }
}
