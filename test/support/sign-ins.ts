/** Every way to an access token of Supabase's surface, as requests that can be repeated. */
import { expect } from 'bun:test'
import { createHash } from 'node:crypto'
import { type Json, PASSWORD, passwordGrant, type Reply, refresh, type TestApp } from './app'
import { authenticator } from './authenticator'
import { challenge, enrolled, pass, verify as verifyFactor } from './factors'
import { confirmedUser, lastMessageTo, open, verify, WITH_PHONE } from './mail'
import { GITHUB, returnFromProvider, startAuthorization } from './providers'
import { codeAt } from './totp'
import { ethereumWallet, messageOf } from './wallets'

/** Settings that allow all of them, with `fakeGitHub().fetch`. */
export const WITH_EVERY_WAY = {
  ...GITHUB,
  ...WITH_PHONE,
  AUTH_SITE_URL: 'https://app.example',
  AUTH_MAILER_AUTOCONFIRM: 'false',
  AUTH_SMS_OTP_EXP: '600',
  AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true',
  AUTH_EXTERNAL_WEB3_ETHEREUM_ENABLED: 'true',
  AUTH_MFA_PHONE_ENROLL_ENABLED: 'true',
  AUTH_MFA_PHONE_VERIFY_ENABLED: 'true',
  AUTH_MFA_RECOVERY_CODES_ENROLL_ENABLED: 'true',
  AUTH_MFA_RECOVERY_CODES_VERIFY_ENABLED: 'true',
}

export const VERIFIER = 'a-verifier-of-more-than-43-characters.~_0123456789'
export const S256 = {
  code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
  code_challenge_method: 's256',
}

/** A new user. */
export interface Person {
  email: string
  phone: string
}

export interface Outcome {
  status: number
  accessToken: string | undefined
  refreshToken?: string | undefined
  /** The code and the message of an error. */
  error: unknown[]
}

const outcomeOf = ({ status, body }: Reply): Outcome => ({
  status,
  accessToken: body.access_token,
  refreshToken: body.refresh_token,
  error: [body.code, body.message],
})

async function redirectOutcome(landing: Awaited<ReturnType<typeof open>>): Promise<Outcome> {
  const { access_token, error_code, error_description, error } = { ...landing.query, ...landing.fragment } as Json
  return { status: landing.status, accessToken: access_token, error: [error_code, error_description, error] }
}

export interface Way {
  /** Prepares it. @returns a request that can be repeated until it succeeds */
  begin(app: TestApp, who: Person): Promise<() => Promise<Outcome>>
  method: string
  /** The refusal, unless it is the hook's. */
  refused?: { status: number; error: unknown[] }
  /** Whether it succeeds more than once. */
  isRepeatable?: boolean
}

const post = (app: TestApp, path: string, body: object) => app.ask('POST', `/auth/v1${path}`, { body })
const IN_REDIRECT = { status: 303, error: ['unknown', 'Not now', 'access_denied'] }

/** Has a link and a code mailed to a new account. */
export async function mailed(app: TestApp, email: string, path: string, body: object = {}) {
  await confirmedUser(app, email)
  await post(app, path, { email, ...body })
  return lastMessageTo(app, email)
}

export const WAYS: Record<string, Way> = {
  'a password': {
    async begin(app, { email }) {
      await confirmedUser(app, email)
      return async () => outcomeOf(await passwordGrant(app, { email, password: PASSWORD }))
    },
    method: 'password',
    isRepeatable: true,
  },
  'an anonymous sign-up': {
    begin: async (app) => async () => outcomeOf(await post(app, '/signup', {})),
    method: 'anonymous',
    refused: { status: 500, error: ['unexpected_failure', 'Database error creating anonymous user'] },
    isRepeatable: true,
  },
  'the code of a magic link': {
    async begin(app, { email }) {
      const { code } = await mailed(app, email, '/otp')
      return async () => outcomeOf(await verify(app, { type: 'email', email, token: code }))
    },
    method: 'otp',
  },
  'a magic link': {
    async begin(app, { email }) {
      const { link } = await mailed(app, email, '/otp')
      return async () => redirectOutcome(await open(app, link))
    },
    method: 'otp',
    refused: IN_REDIRECT,
  },
  'the hash of a recovery token': {
    async begin(app, { email }) {
      const { token } = await mailed(app, email, '/recover')
      return async () => outcomeOf(await verify(app, { type: 'recovery', token_hash: token }))
    },
    method: 'otp',
  },
  'the confirmation of a sign-up': {
    async begin(app, { email }) {
      await post(app, '/signup', { email, password: PASSWORD })
      const { code } = await lastMessageTo(app, email)
      return async () => outcomeOf(await verify(app, { type: 'signup', email, token: code }))
    },
    method: 'otp',
  },
  'an invitation': {
    async begin(app, { email }) {
      await app.ask('POST', '/auth/v1/invite', { token: app.admin, body: { email } })
      const { token } = await lastMessageTo(app, email)
      return async () => outcomeOf(await verify(app, { type: 'invite', token_hash: token }))
    },
    method: 'otp',
  },
  'a code by SMS': {
    async begin(app, { phone }) {
      await post(app, '/otp', { phone })
      const { code } = await lastMessageTo(app, phone)
      return async () => outcomeOf(await verify(app, { type: 'sms', phone, token: code }))
    },
    method: 'otp',
  },
  'the code of a PKCE flow': {
    async begin(app, { email }) {
      const { link } = await mailed(app, email, '/otp', S256)
      const { query } = await open(app, link)
      const body = { auth_code: query.code, code_verifier: VERIFIER }
      return async () => outcomeOf(await post(app, '/token?grant_type=pkce', body))
    },
    method: 'magiclink',
  },
  'a session of the account page': {
    async begin(app, { email }) {
      await confirmedUser(app, email)
      const { accessToken: token, refreshToken } = await app.signIn(email)
      const asked = { redirect_to: 'https://app.example/callback', refresh_token: refreshToken, ...S256 }
      const { body } = await app.ask('POST', '/auth/v1/account/code', { token, body: asked })
      const code = new URL(body.redirect_to).searchParams.get('code')
      const shown = { auth_code: code, code_verifier: VERIFIER }
      return async () => outcomeOf(await post(app, '/token?grant_type=pkce', shown))
    },
    method: 'password',
  },
  'the callback of a provider': {
    async begin(app) {
      const authorization = await startAuthorization(app)
      return async () => {
        const { status, headers } = await returnFromProvider(app, authorization)
        const { hash, searchParams } = new URL(headers.get('location') ?? 'http://localhost')
        const all = { ...Object.fromEntries(searchParams), ...Object.fromEntries(new URLSearchParams(hash.slice(1))) }
        return {
          status,
          accessToken: all.access_token,
          error: [all.error_code, decodeURIComponent(all.error_description ?? ''), all.error],
        }
      }
    },
    method: 'oauth',
    refused: { ...IN_REDIRECT, status: 302 },
  },
  'a message signed by a wallet': {
    async begin(app) {
      const wallet = ethereumWallet()
      const message = messageOf(wallet, app.clock.now())
      const signature = await wallet.sign(message)
      const body = { chain: 'ethereum', message, signature }
      return async () => outcomeOf(await post(app, '/token?grant_type=web3', body))
    },
    method: 'web3',
  },
  'a passkey': {
    async begin(app, { email }) {
      await confirmedUser(app, email)
      const { accessToken: token } = await app.signIn(email)
      const device = authenticator('https://app.example')
      const begun = await app.ask('POST', '/auth/v1/passkeys/registration/options', { token })
      const credential = device.create(begun.body.options)
      const body = { challenge_id: begun.body.challenge_id, credential }
      expect((await app.ask('POST', '/auth/v1/passkeys/registration/verify', { token, body })).status).toBe(200)
      return async () => {
        app.clock.advance(1000)
        const { body: asked } = await app.ask('POST', '/auth/v1/passkeys/authentication/options')
        const shown = { challenge_id: asked.challenge_id, credential: device.get(asked.options) }
        return outcomeOf(await post(app, '/passkeys/authentication/verify', shown))
      }
    },
    method: 'passkey',
    isRepeatable: true,
  },
  'a refresh': {
    async begin(app, { email }) {
      await confirmedUser(app, email)
      const { refreshToken } = await app.signIn(email)
      return async () => outcomeOf(await refresh(app, refreshToken))
    },
    method: 'token_refresh',
    isRepeatable: true,
  },
  'a TOTP code': {
    async begin(app, { email }) {
      await confirmedUser(app, email)
      const { accessToken } = await app.signIn(email)
      const { id, secret } = await enrolled(app, accessToken)
      const { body } = await challenge(app, accessToken, id)
      const shown = { challenge_id: body.id, code: codeAt(secret, app.clock.now()) }
      return async () => outcomeOf(await verifyFactor(app, accessToken, id, shown))
    },
    method: 'totp',
  },
  'a code of a second factor by SMS': {
    async begin(app, { email, phone }) {
      await confirmedUser(app, email)
      const { accessToken: token } = await app.signIn(email)
      const { body } = await app.ask('POST', '/auth/v1/factors', {
        token,
        body: { factor_type: 'phone', phone: `+${phone}` },
      })
      const { body: begun } = await challenge(app, token, body.id)
      const { code } = await lastMessageTo(app, phone)
      return async () => outcomeOf(await verifyFactor(app, token, body.id, { challenge_id: begun.id, code }))
    },
    method: 'mfa/phone',
  },
  'a recovery code': {
    async begin(app, { email }) {
      await confirmedUser(app, email)
      const ada = await app.signIn(email)
      const raised = await pass(app, ada.accessToken, await enrolled(app, ada.accessToken))
      const path = '/auth/v1/factors/recovery-codes'
      const { body } = await app.ask('POST', path, { token: raised.body.access_token, body: {} })
      const { accessToken: token } = await app.signIn(email)
      const shown = { token, body: { code: body.codes[0] } }
      return async () => outcomeOf(await app.ask('POST', `${path}/verify`, shown))
    },
    method: 'mfa/recovery_code',
  },
}
