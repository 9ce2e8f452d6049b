/** A port with its connections: how it is opened, and how it ends without cutting off an answer. */
import { dottedPaths, markDotted } from '../http/dotted'
import { fail } from './settings'

/** Our own reader refuses sooner, in words; this is where Bun cuts a connection off. */
const MAX_REQUEST_BYTES = 8 * 1024 * 1024
const LOOK_EVERY_MS = 10

export type Answer = (request: Request, server: Bun.Server<undefined>) => Response | Promise<Response>

export interface Listener {
  port: number
  /**
   * Accepts nothing more and closes what is idle: connections that have sent no request yet, or only half the header of
   * one, as well. Running requests are answered first. @returns false where some were not, in that time
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

/** Ends the process where the port cannot be had. */
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
      const isIdle = await within(timeoutMs, () => server.pendingRequests === 0)
      // What is left are connections without a request; Bun's gentle stop would wait for each of them.
      await server.stop(true)
      return isIdle
    },
  }
}

type Handlers = Pick<Bun.Serve.Options<undefined>, 'idleTimeout' | 'error'> & { fetch: Answer }

const dottedRoutes = (answer: Answer): Record<string, Answer> =>
  Object.fromEntries(dottedPaths().map((path) => [path, (request, server) => answer(markDotted(request), server)]))

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

/** Looks again and again whether something is so. @returns false where it was not, in that time */
function within(timeoutMs: number, isSo: () => boolean): Promise<boolean> {
  if (isSo()) return Promise.resolve(true)
  const start = performance.now()
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const isLate = performance.now() - start > timeoutMs
      if (!isSo() && !isLate) return
      clearInterval(timer)
      resolve(isSo())
    }, LOOK_EVERY_MS)
  })
}
