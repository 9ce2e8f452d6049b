/** A certified third-party OpenID provider (panva/node-oidc-provider), and a user who signs in there without a browser. */
import { spyOn } from 'bun:test'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider, { type ClientMetadata } from 'oidc-provider'

export interface OidcProvider extends AsyncDisposable {
  issuer: string
  /** `127.0.0.1` and the port. */
  host: string
  /** Registers its clients; it must be called before requests. */
  register(clients: ClientMetadata[]): void
}

/** Every login name is an account. */
export async function startOidcProvider(): Promise<OidcProvider> {
  // it warns at every step that it is not set up for production
  const notices = [spyOn(console, 'info'), spyOn(console, 'warn')].map((spy) => spy.mockImplementation(() => {}))
  let answer: ReturnType<Provider['callback']> | undefined
  const server = createServer((request, response) => {
    if (answer) void answer(request, response)
    else response.writeHead(503).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const issuer = `http://${host}`
  return {
    issuer,
    host,
    register(clients) {
      const provider = new Provider(issuer, {
        clients,
        cookies: { keys: ['a key of the test'] },
        pkce: { required: () => true },
        features: { claimsParameter: { enabled: true } },
        claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
        findAccount: (_, login) => ({
          accountId: login,
          claims: () => ({
            sub: login,
            name: `${login} of Acme`,
            groups: ['staff'],
            email: `${login}@example.com`,
            email_verified: true,
          }),
        }),
      })
      answer = provider.callback()
    },
    async [Symbol.asyncDispose]() {
      for (const notice of notices) notice.mockRestore()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface Step {
  url: string
  form?: URLSearchParams
}

/**
 * Follows redirects like a browser, and signs in and consents at the provider.
 * @param until start of the URL to stop at, which does not have to exist
 * @returns that URL
 */
export async function visitAs(login: string, start: string, until: string): Promise<URL> {
  const cookies = new Map<string, string>()
  let next: Step = { url: start }
  for (let steps = 0; steps < 20; steps++) {
    if (next.url.startsWith(until)) return new URL(next.url)
    const { url, form } = next
    const reply = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form && { method: 'POST', body: form }),
    })
    for (const cookie of reply.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      cookies.set(name, value)
    }
    next = followed(url, reply.headers.get('location'), await reply.text(), login)
  }
  throw new Error(`${start} leads in a circle`)
}

function followed(url: string, location: string | null, page: string, login: string): Step {
  if (location !== null) return { url: new URL(location, url).href }
  const [, action] = /<form[^>]* action="([^"]+)"/.exec(page) ?? []
  const [, prompt] = /name="prompt" value="(\w+)"/.exec(page) ?? []
  if (action === undefined || prompt === undefined) throw new Error(`${url} shows no form: ${page.slice(0, 500)}`)
  const form = new URLSearchParams({ prompt, ...(prompt === 'login' && { login, password: 'any' }) })
  return { url: new URL(action, url).href, form }
}
