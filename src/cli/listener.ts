/** A listening port and its connections: opening it, and closing it without cutting off a response. */
import { dotSegmentRoutes, markDotSegments } from '../http/dot-segments'
import { fail } from './exit-status'

/** The body reader refuses earlier, with an error message; at this size Bun closes the connection. */
const MAX_REQUEST_BYTES = 8 * 1024 * 1024
const POLL_INTERVAL_MS = 10

export type Answer = (request: Request, server: Bun.Server<undefined>) => Response | Promise<Response>

export interface Listener {
  port: number
  /**
   * Stops accepting and closes idle connections, including those that have sent no request or only part of its header.
   * Running requests are answered first.
   * @returns false if some were not answered in time
   */
  drain(timeoutMs: number): Promise<boolean>
}

export interface ListenerOptions {
  host: string
  port: number
  idleTimeoutMs: number
  answer: Answer
  onError(error: unknown): void
}

/** Ends the process if the port is not available. */
export function listen({ host, port, idleTimeoutMs, answer, onError }: ListenerOptions): Listener {
  let isDraining = false
  const server = openPort(host, port, {
    idleTimeout: Math.round(idleTimeoutMs / 1000),
    async fetch(request, own) {
      const response = await answer(request, own)
      if (isDraining) response.headers.set('connection', 'close')
      return response
    },
    error(error) {
      onError(error)
      return new Response('Internal Server Error', { status: 500 })
    },
  })
  return {
    port: server.port as number,
    async drain(timeoutMs) {
      isDraining = true
      void server.stop()
      const isIdle = await waitUntil(timeoutMs, () => server.pendingRequests === 0)
      // Only connections without a request are left; Bun's graceful stop would wait for each of them.
      await server.stop(true)
      return isIdle
    },
  }
}

type Handlers = Pick<Bun.Serve.Options<undefined>, 'idleTimeout' | 'error'> & { fetch: Answer }

const dottedRoutes = (answer: Answer): Record<string, Answer> =>
  Object.fromEntries(
    dotSegmentRoutes().map((path) => [path, (request, server) => answer(markDotSegments(request), server)]),
  )

function openPort(host: string, port: number, handlers: Handlers): Bun.Server<undefined> {
  try {
    return Bun.serve({
      hostname: host,
      port,
      reusePort: false,
      // Bun's default error page shows source code
      development: false,
      maxRequestBodySize: MAX_REQUEST_BYTES,
      routes: dottedRoutes(handlers.fetch),
      ...handlers,
    })
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    if (code === 'EADDRINUSE')
      return fail(`port ${port} on ${host} is in use; stop the other process, or choose another port with --port`)
    return fail(`cannot listen on ${host}:${port}: ${message}`)
  }
}

/** Polls a condition. @returns false on timeout */
function waitUntil(timeoutMs: number, condition: () => boolean): Promise<boolean> {
  if (condition()) return Promise.resolve(true)
  const start = performance.now()
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const isLate = performance.now() - start > timeoutMs
      if (!condition() && !isLate) return
      clearInterval(timer)
      resolve(condition())
    }, POLL_INTERVAL_MS)
  })
}
