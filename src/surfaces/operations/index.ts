/** For those who run the server: `/ready`, and the API's own documentation. */
import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import type { Core } from '../../core'
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

export function operations(core: Core, { onFault, monotonic }: OperationsOptions) {
  const probe = readiness(core, monotonic)
  const app = new Elysia().get(
    '/ready',
    async ({ request, route, status }) => {
      exchangeOf(request).route = route
      const failure = await probe()
      if (failure === undefined) return { status: 'ok' as const, checks: { database: 'ok' } }
      onFault(failure, request)
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

/** Whether a write reaches the disk, looked at once a second at most. @returns what went wrong, if anything */
function readiness(core: Core, monotonic: () => number) {
  let finding: Promise<unknown> = Promise.resolve()
  let foundAt = -PROBE_MS
  return () => {
    if (monotonic() - foundAt >= PROBE_MS) {
      foundAt = monotonic()
      finding = core.probe().then(
        () => undefined,
        (error: unknown) => error,
      )
    }
    return finding
  }
}
