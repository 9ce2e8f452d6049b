/** Sign-in with Twitter, by OAuth 1.0a (RFC 5849). */
import { expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { claimsOf, type Reply, startApp } from '../../support/app'

const SETTINGS = { AUTH_EXTERNAL_TWITTER_CLIENT_ID: 'consumer', AUTH_EXTERNAL_TWITTER_SECRET: 'consumer secret' }
const REQUEST = { key: 'request-token', secret: 'request secret' }
const ACCESS = { key: 'access-token', secret: 'access secret' }

/** RFC 5849 §3.6. */
const encoded = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)

/** The parameters of the Authorization header, after its signature was verified (RFC 5849 §3.4). */
function signedParameters(url: string, init: RequestInit, tokenSecret: string): Record<string, string> {
  const header = new Headers(init.headers).get('authorization') ?? ''
  const pairs = [...header.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, name = '', value = '']): [string, string] => [
    name,
    decodeURIComponent(value),
  ])
  const { origin, pathname, searchParams } = new URL(url)
  const signed = [...pairs.filter(([name]) => name !== 'oauth_signature'), ...searchParams]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join('&')
  const base = [init.method ?? 'GET', encoded(origin + pathname), encoded(signed)].join('&')
  const key = `${encoded(SETTINGS.AUTH_EXTERNAL_TWITTER_SECRET)}&${encoded(tokenSecret)}`
  const parameters = Object.fromEntries(pairs)
  expect(parameters.oauth_signature).toBe(createHmac('sha1', key).update(base).digest('base64'))
  return parameters
}

function fakeTwitter(answers: Partial<Record<'request' | 'access' | 'profile', Response>> = {}) {
  const state = { callback: '', verifier: '' }
  const tokens = ({ key, secret }: typeof ACCESS) =>
    new Response(new URLSearchParams({ oauth_token: key, oauth_token_secret: secret }).toString())
  const fetch = (async (input: string | URL, init: RequestInit = {}) => {
    const url = String(input)
    if (url.endsWith('/oauth/request_token')) {
      state.callback = signedParameters(url, init, '').oauth_callback ?? ''
      return answers.request ?? tokens(REQUEST)
    }
    if (url.endsWith('/oauth/access_token')) {
      const shown = signedParameters(url, init, REQUEST.secret)
      expect(shown.oauth_token).toBe(REQUEST.key)
      state.verifier = shown.oauth_verifier ?? ''
      return answers.access ?? tokens(ACCESS)
    }
    expect(signedParameters(url, init, ACCESS.secret).oauth_token).toBe(ACCESS.key)
    return (
      answers.profile ??
      Response.json({
        id_str: '783214',
        name: 'Ada Lovelace',
        screen_name: 'ada',
        email: 'ada@example.com',
        profile_image_url_https: 'https://img.example/a',
      })
    )
  }) as typeof globalThis.fetch
  return { fetch, state }
}

async function start(answers?: Parameters<typeof fakeTwitter>[0]) {
  const twitter = fakeTwitter(answers)
  const app = await startApp({ settings: SETTINGS, fetchProvider: twitter.fetch })
  return { app, twitter, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() }
}

type Started = Awaited<ReturnType<typeof start>>

async function leave({ app, twitter }: Started) {
  const authorization = await app.ask('GET', '/auth/v1/authorize?provider=twitter')
  const callback = new URL(twitter.state.callback || 'http://nowhere.example')
  return { authorization, callback, cookie: (authorization.headers.get('set-cookie') ?? '').split(';')[0] ?? '' }
}

async function returnFromTwitter(started: Started, shown: Record<string, string>): Promise<Reply> {
  const { callback, cookie } = await leave(started)
  for (const [name, value] of Object.entries(shown)) callback.searchParams.set(name, value)
  return started.app.ask('GET', callback.pathname + callback.search, { headers: { cookie } })
}

const resultOf = ({ headers }: Reply) => {
  const { hash, searchParams } = new URL(headers.get('location') ?? '')
  return { ...Object.fromEntries(searchParams), ...Object.fromEntries(new URLSearchParams(hash.slice(1))) } as Record<
    string,
    string
  >
}

test('the browser goes to Twitter with a request token, and returns signed in', async () => {
  await using started = await start()
  const { authorization, callback } = await leave(started)
  expect(authorization.headers.get('location')).toBe(
    'https://api.twitter.com/oauth/authenticate?oauth_token=request-token',
  )
  expect(callback.href).toStartWith('http://localhost:7020/auth/v1/callback?state=')
  const back = resultOf(await returnFromTwitter(started, { oauth_token: REQUEST.key, oauth_verifier: 'verifier' }))
  expect(started.twitter.state.verifier).toBe('verifier')
  expect(back.provider_token).toBe(ACCESS.key)
  expect(claimsOf(back.access_token ?? '')).toMatchObject({
    email: 'ada@example.com',
    app_metadata: { provider: 'twitter', providers: ['twitter'] },
    user_metadata: {
      iss: 'https://api.twitter.com/1.1/account/verify_credentials.json',
      sub: '783214',
      provider_id: '783214',
      user_name: 'ada',
      preferred_username: 'ada',
      full_name: 'Ada Lovelace',
      avatar_url: 'https://img.example/a',
      picture: 'https://img.example/a',
      email_verified: true,
    },
  })
})

test('threat T48: a token other than the request token, or none, is refused', async () => {
  await using started = await start()
  for (const shown of [{ oauth_token: 'another', oauth_verifier: 'v' }, { oauth_verifier: 'v' }] as Record<
    string,
    string
  >[]) {
    const { error, error_description: said } = resultOf(await returnFromTwitter(started, shown))
    expect([error, said]).toEqual(['server_error', expect.stringContaining('Unable to exchange external code')])
  }
  expect(resultOf(await returnFromTwitter(started, { denied: REQUEST.key })).error).toBeDefined()
  expect(started.twitter.state.verifier).toBe('')
})

test('without a request token there is no redirect to Twitter', async () => {
  for (const request of [new Response('no', { status: 401 }), new Response('oauth_token=x')]) {
    await using started = await start({ request })
    const { authorization } = await leave(started)
    expect([authorization.status, authorization.body.code]).toEqual([502, 'unexpected_failure'])
  }
})

test('sign-in fails if Twitter does not verify the account', async () => {
  await using exchange = await start({ access: new Response('no', { status: 401 }) })
  const shown = { oauth_token: REQUEST.key, oauth_verifier: 'v' }
  expect(resultOf(await returnFromTwitter(exchange, shown)).error_description).toContain(
    'Unable to exchange external code',
  )
  await using nobody = await start({ profile: Response.json({ name: 'Ada' }) })
  expect(resultOf(await returnFromTwitter(nobody, shown)).error_description).toContain('Error getting user profile')
})
