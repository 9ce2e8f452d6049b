/** A reverse proxy that publishes a server below a path and strips it, as the guide sets up nginx, Caddy and Traefik. */

export interface PathProxy extends AsyncDisposable {
  /** Such as `http://localhost:41234`, where passkeys work. */
  origin: string
  /** Such as `http://localhost:41234/id`. */
  url: string
  /** Sends what comes from now on to a server; requests that came before wait for it. */
  forwardTo(server: string): void
}

/** It knows its URL before the server is started, whose settings need it. */
export function startPathProxy(path = '/id'): PathProxy {
  const { promise: target, resolve } = Promise.withResolvers<string>()
  const proxy = Bun.serve({
    port: 0,
    // Streams of events are open for long.
    idleTimeout: 0,
    async fetch(request) {
      const { pathname, search } = new URL(request.url)
      if (pathname === path) return Response.redirect(`${path}/${search}`, 308)
      if (!pathname.startsWith(`${path}/`)) return new Response('outside of the path', { status: 404 })
      const forwarded = new Request(`${await target}${pathname.slice(path.length)}${search}`, request)
      forwarded.headers.set('x-forwarded-for', '127.0.0.1')
      return fetch(forwarded, { redirect: 'manual', decompress: false, signal: request.signal })
    },
  })
  const origin = `http://localhost:${proxy.port}`
  return {
    origin,
    url: origin + path,
    forwardTo: resolve,
    async [Symbol.asyncDispose]() {
      await proxy.stop(true)
    },
  }
}
