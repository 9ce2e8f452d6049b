/** The federation surface over HTTP, and other servers for it to call. */
import { expect } from 'bun:test'
import type { PeerRequest, PeerResult } from '../../src/core/kernel/ports'
import { PASSWORD, type RequestOptions, type TestApp } from './app'

export const federated = (app: TestApp, method: string, path: string, asked: RequestOptions = {}) =>
  app.ask(method, `/auth/v1${path}`, asked)

export const signIn = (app: TestApp, id: string, more: object = {}, asked: RequestOptions = {}) =>
  federated(app, 'POST', '/login', { ...asked, body: { id, password: PASSWORD, ...more } })

export const refused = (status: number, error: string, reason: string) => ({
  status,
  body: { error, reason, message: expect.any(String) },
})

/** A fake of another server: the requests it got, and its responses by path. */
export function fakePeer(
  answers: Record<string, PeerResult | ((call: PeerRequest) => PeerResult | Promise<PeerResult>)>,
) {
  const calls: (PeerRequest & { path: string })[] = []
  return {
    calls,
    peers: {
      async ask(call: PeerRequest): Promise<PeerResult> {
        const path = call.url.slice(call.url.indexOf('/auth/v1') + '/auth/v1'.length)
        calls.push({ ...call, path })
        const answer = answers[path] ?? { outcome: 'unavailable', error: 'not there' }
        return typeof answer === 'function' ? answer(call) : answer
      },
    },
  }
}

export const answered = (body: object, status = 200): PeerResult => ({
  outcome: 'answered',
  status,
  body: body as never,
})

/** Serves an app on a port of this machine, so that another one can call it. */
export function serveApp(app: TestApp): AsyncDisposable & { url: string } {
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => app.fetch(request, { requestIP: () => ({ address: '127.0.0.1' }) }),
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    [Symbol.asyncDispose]: async () => void (await server.stop(true)),
  }
}
