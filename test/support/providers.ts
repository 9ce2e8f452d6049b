/** A provider in the test's process that records requests and responds as the test wants. */
import type { Json, Reply, RequestOptions, TestApp } from './app'

export interface Account {
  id: number
  login: string
  name?: string
  emails: { email: string; verified: boolean; primary: boolean }[]
}

export interface FakeGitHub {
  fetch: typeof fetch
  /** The account that signs in next. */
  account: Account
  requests: { url: string; body: string; headers: Headers }[]
  /** A response of the token endpoint in place of the usual one. */
  tokenAnswer?: Response
}

export const GITHUB = {
  AUTH_EXTERNAL_GITHUB_CLIENT_ID: 'github-client',
  AUTH_EXTERNAL_GITHUB_SECRET: 'github-secret',
  AUTH_SECURITY_MANUAL_LINKING_ENABLED: 'true',
}

export function fakeGitHub(email = 'octocat@example.com', verified = true): FakeGitHub {
  const github: FakeGitHub = {
    account: { id: 583231, login: 'octocat', name: 'The Octocat', emails: [{ email, verified, primary: true }] },
    requests: [],
    fetch: (async (input: string | URL, init: RequestInit = {}) => {
      const url = String(input)
      const headers = new Headers(init.headers)
      github.requests.push({ url, body: String(init.body ?? ''), headers })
      if (url === 'https://github.com/login/oauth/access_token')
        return (
          github.tokenAnswer ?? Response.json({ access_token: 'gho_token', scope: 'user:email', token_type: 'bearer' })
        )
      const { id, login, name, emails } = github.account
      if (url === 'https://api.github.com/user')
        return Response.json({ id, login, name, avatar_url: `https://avatars.example/${id}`, email: null })
      if (url === 'https://api.github.com/user/emails') return Response.json(emails)
      return new Response('not found', { status: 404 })
    }) as typeof fetch,
  }
  return github
}

export interface StartedAuthorization {
  state: string
  cookie: string
  location: URL
}

/** Starts a sign-in at the provider. @param query further parameters of the URL */
export async function startAuthorization(
  app: TestApp,
  query = '',
  asked: RequestOptions = {},
): Promise<StartedAuthorization> {
  const reply = await app.ask('GET', `/auth/v1/authorize?provider=github${query}`, asked)
  if (reply.status !== 302) throw new Error(`leaving answered ${reply.status} ${reply.text}`)
  const location = new URL(reply.headers.get('location') ?? '')
  const cookie = (reply.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  return { state: location.searchParams.get('state') ?? '', cookie, location }
}

export const returnFromProvider = (
  app: TestApp,
  { state, cookie }: Pick<StartedAuthorization, 'state' | 'cookie'>,
  query = '&code=code',
) => app.ask('GET', `/auth/v1/callback?state=${state}${query}`, { headers: { cookie } })

/** A whole sign-in at the provider. */
export async function signInAtGitHub(app: TestApp): Promise<Reply> {
  return returnFromProvider(app, await startAuthorization(app))
}

/** The fragment of the URL that a response redirects to. */
export function fragmentOf(reply: Reply): Json {
  const { hash } = new URL(reply.headers.get('location') ?? '')
  return Object.fromEntries(new URLSearchParams(hash.slice(1)))
}

export function queryOf(reply: Reply): Json {
  return Object.fromEntries(new URL(reply.headers.get('location') ?? '').searchParams)
}
