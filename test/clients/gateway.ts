/** A gateway in front of services that identifies callers by introspection alone (docs/other-surfaces.md#service-endpoints). */
interface Introspection {
  active: boolean
  sub: string
  roles: string[]
}

/** Forwards requests with a valid token, with user and roles added; `/admin` requires the role `admin`. */
export function startGateway(authUrl: string, upstreamUrl: string) {
  return Bun.serve({
    port: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url)
      const token = request.headers.get('authorization')?.replace(/^Bearer /, '')
      const caller = token === undefined ? undefined : await introspect(authUrl, token)
      if (!caller?.active) return new Response('who are you?', { status: 401 })
      if (pathname.startsWith('/admin') && !caller.roles.includes('admin'))
        return new Response('not you', { status: 403 })
      const headers = { 'x-user-id': caller.sub, 'x-user-roles': caller.roles.join(',') }
      return fetch(upstreamUrl + pathname, { method: request.method, headers })
    },
  })
}

async function introspect(authUrl: string, token: string): Promise<Introspection> {
  const answer = await fetch(`${authUrl}/api/auth/introspect`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  })
  return (await answer.json()) as Introspection
}
