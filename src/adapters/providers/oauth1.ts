/** A client of OAuth 1.0a (RFC 5849): no scopes and no codes, and every request is signed. */
import { createHmac } from 'node:crypto'
import OAuth from 'oauth-1.0a'
import type { OAuthProvider } from '../../core/kernel/ports'
import type { UntrustedJson } from '../../providers/profile'
import type { OAuth1Provider, Setup } from '../../providers/provider'
import type { BoundedFetch } from '../bounded-fetch'
import { describeError } from './client'

interface Token {
  key: string
  secret: string
}

export function oauth1Client(fetch: BoundedFetch, provider: OAuth1Provider, setup: Setup): OAuthProvider {
  const endpoints = provider.endpoints(setup)
  const oauth = new OAuth({
    consumer: { key: setup.clientIds[0] ?? '', secret: setup.secret },
    signature_method: 'HMAC-SHA1',
    hash_function: (text, key) => createHmac('sha1', key).update(text).digest('base64'),
  })

  /** @param data OAuth parameters, which go into the Authorization header (RFC 5849 §3.5.1) */
  async function signedFetch(
    method: 'GET' | 'POST',
    url: string,
    data: Record<string, string>,
    token?: Token,
  ): Promise<Response> {
    const headers = { ...oauth.toHeader(oauth.authorize({ method, url, data }, token)), accept: 'application/json' }
    const response = await fetch(url, { method, headers })
    if (response.status !== 200) throw new Error(`${new URL(url).host} responded with ${response.status}`)
    return response
  }

  async function tokenFrom(url: string, data: Record<string, string>, token?: Token): Promise<Token> {
    const answer = new URLSearchParams(await (await signedFetch('POST', url, data, token)).text())
    const [key, secret] = [answer.get('oauth_token') ?? '', answer.get('oauth_token_secret') ?? '']
    if (key === '' || secret === '') throw new Error(`${new URL(url).host} returned no token`)
    return { key, secret }
  }

  return {
    name: setup.name,
    isEmailOptional: setup.isEmailOptional,
    async startAuthorization({ state }) {
      const back = new URL(setup.redirectUri)
      back.searchParams.set('state', state)
      const token = await tokenFrom(endpoints.requestToken, { oauth_callback: back.href })
      const url = new URL(endpoints.authorize)
      url.searchParams.set('oauth_token', token.key)
      return { url: url.href, verifier: JSON.stringify(token) }
    },
    async exchangeCode({ parameters, verifier = '' }) {
      let access: Token
      try {
        const request = JSON.parse(verifier) as Token
        if (parameters.get('oauth_token') !== request.key) throw new Error('the response is for a different token')
        const data = { oauth_verifier: parameters.get('oauth_verifier') ?? '' }
        access = await tokenFrom(endpoints.accessToken, data, request)
      } catch (error) {
        return { outcome: 'exchange_failed', error: describeError(error) }
      }
      try {
        const profile = await provider.profile({
          accessToken: access.key,
          answer: {},
          idToken: undefined,
          parameters,
          setup,
          get: async (url) => (await (await signedFetch('GET', url, {}, access)).json()) as UntrustedJson,
        })
        return { outcome: 'redeemed', profile, tokens: { accessToken: access.key, refreshToken: undefined } }
      } catch (error) {
        return { outcome: 'profile_failed', error: describeError(error) }
      }
    },
  }
}
