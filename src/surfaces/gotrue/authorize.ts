/** OAuth sign-in (`/authorize`, `/callback`) and identities (`/user/identities`). */
import { Type } from '@sinclair/typebox'
import { status } from 'elysia'
import { Refusal } from '../../core/kernel/refusal'
import { readBody } from '../../http/body'
import { type Access, endpoint, type HandlerContext } from '../../http/endpoint'
import { noteRefusal } from '../../http/request-context'
import { hostOf, queryParametersOf } from '../../http/target'
import { namedAudience } from './audience'
import { errorParameters, redirectResponse, withMessage, withQuery, withSession } from './redirect-response'
import { redirectQuery, redirectTarget } from './redirect-target'
import { errors } from './schemas'

const COOKIE = 'latchkey_oauth'

const query = {
  provider: Type.String({ description: 'For example `github`; `account` for the account page of this server.' }),
  scopes: Type.Optional(Type.String({ description: 'Additional scopes for the provider.' })),
  ...redirectQuery,
  code_challenge: Type.Optional(Type.String({ description: 'PKCE challenge.' })),
  code_challenge_method: Type.Optional(Type.String({ description: '`s256` or `plain`.' })),
}

type StartContext = HandlerContext<Access, undefined, typeof query>

/** The first value of every parameter. */
function parametersOf({ request }: HandlerContext): Record<string, string> {
  const all = [...queryParametersOf(request)].reverse()
  return Object.fromEntries(all)
}

async function redirectToProvider(context: StartContext, linker?: HandlerContext<'user'>['caller']) {
  const { core, request } = context
  const parameters = parametersOf(context)
  const { url, browser } = await core.startAuthorization({
    provider: parameters.provider ?? '',
    scopes: parameters.scopes ?? '',
    inviteToken: parameters.invite_token,
    codeChallenge: parameters.code_challenge,
    codeChallengeMethod: parameters.code_challenge_method,
    redirectTo: redirectTarget(core, request, context.query),
    parameters,
    browser: cookieOf(request),
    host: hostOf(request),
    ...(linker && { linkingUser: linker }),
  })
  return { url, browser, parameters }
}

function cookieOf({ headers }: Request): string | undefined {
  const found = new RegExp(`(?:^|;\\s*)${COOKIE}=([^;]*)`).exec(headers.get('cookie') ?? '')
  return found?.[1]
}

/** A provider may return the browser by a cross-site POST, which only sends cookies with SameSite=None. */
function setCookie({ core: { policy } }: HandlerContext, browser: string): string {
  const isHttps = policy.apiUrl.startsWith('https:')
  const site = isHttps ? 'SameSite=None; Secure' : 'SameSite=Lax'
  return `${COOKIE}=${browser}; Path=/; Max-Age=${Math.ceil(policy.flowMs / 1000)}; HttpOnly; ${site}`
}

/** This server itself, with its account page, as a provider. */
const ACCOUNT = 'account'

function accountPageFor({ core, query }: StartContext & { query: Record<string, string | undefined> }): string {
  return core.accountPageUrl({
    redirectTo: query.redirect_to,
    codeChallenge: query.code_challenge,
    codeChallengeMethod: query.code_challenge_method,
    prompt: query.prompt,
    loginHint: query.login_hint,
    screen: query.screen,
  })
}

/** `GET /authorize`: starts an OAuth sign-in. */
export const authorize = endpoint({
  method: 'GET',
  path: '/authorize',
  access: 'anyone',
  query: {
    ...query,
    invite_token: Type.Optional(Type.String({ description: 'Token of an invitation to accept.' })),
    prompt: Type.Optional(Type.String({ description: 'For `account`: `login` or `select_account`.' })),
    login_hint: Type.Optional(Type.String({ description: 'For `account`: an address or number to fill in.' })),
    screen: Type.Optional(Type.String({ description: 'For `account`: `sign-up` to begin with that.' })),
  },
  tag: 'OAuth and identities',
  summary: 'Sign in with an OAuth provider',
  description:
    'Redirects to the provider. Other parameters are forwarded, except reserved OAuth parameters. The implicit flow must end in the browser that started it.',
  responses: { 302: Type.Void(), ...errors(400, 404, 429) },
  handle: async (context) => {
    if (context.query.provider === ACCOUNT) return redirectResponse(302, accountPageFor(context))
    const { url, browser } = await redirectToProvider(context)
    return redirectResponse(302, url, { 'set-cookie': setCookie(context, browser) })
  },
})

/** `GET /user/identities/authorize`: the same, to link an identity to the caller's account. */
export const linkIdentity = endpoint({
  method: 'GET',
  path: '/user/identities/authorize',
  access: 'user',
  query: {
    ...query,
    skip_http_redirect: Type.Optional(Type.String({ description: '`true`: return the URL instead of redirecting.' })),
  },
  tag: 'OAuth and identities',
  summary: 'Link an identity to your account',
  responses: {
    200: Type.Object({ url: Type.String() }, { $id: 'ProviderUrl' }),
    302: Type.Void(),
    ...errors(400, 401, 403, 404, 429),
  },
  handle: async (context) => {
    const { url, parameters } = await redirectToProvider(context, context.caller)
    return parameters.skip_http_redirect === 'true' ? { url } : redirectResponse(302, url)
  },
})

/** `DELETE /user/identities/{id}`. */
export const unlinkIdentity = endpoint({
  method: 'DELETE',
  path: '/user/identities/:id',
  access: 'user',
  tag: 'OAuth and identities',
  summary: 'Unlink an identity from your account',
  responses: { 200: Type.Object({}, { $id: 'Nothing' }), ...errors(401, 403, 404, 422) },
  handle: async ({ core, caller, params: { id }, request }) => {
    await core.unlinkIdentity({ caller, id, audience: namedAudience(request) })
    return status(200, {})
  },
})

const callbackRoute = {
  path: '/callback',
  access: 'anyone' as const,
  allowsTrailingSlash: true,
  tag: 'OAuth and identities',
  responses: { 302: Type.Void(), 303: Type.Void(), ...errors(400, 429) },
}

/** `GET /callback`: a browser returns from a provider. */
export const callback = endpoint({
  ...callbackRoute,
  method: 'GET',
  query: {
    state: Type.Optional(Type.String({ description: 'The state passed to the provider.' })),
    code: Type.Optional(Type.String({ description: 'The authorization code.' })),
    error: Type.Optional(Type.String({ description: 'The error, if there is no code.' })),
    error_description: Type.Optional(Type.String()),
  },
  summary: 'OAuth callback',
  description:
    'Redirects to the application: with a session in the fragment, with a code in the PKCE flow, or with an error.',
  handle: (context) => finishCallback(context, queryParametersOf(context.request)),
})

/** `POST /callback`: the callback as a form post, as Apple sends it (OAuth 2.0 Form Post Response Mode). */
export const postCallback = endpoint({
  ...callbackRoute,
  method: 'POST',
  summary: 'OAuth callback by form post',
  handle: async (context) => finishCallback(context, await formOf(context.request)),
})

/** How long a browser may take to send the form. */
const FORM_TIMEOUT_MS = 10_000

const formOf = async (request: Request) =>
  new URLSearchParams((await readBody(request, FORM_TIMEOUT_MS)).toString('utf8'))

async function finishCallback(context: HandlerContext, parameters: URLSearchParams): Promise<Response> {
  const { core, request } = context
  let back: Awaited<ReturnType<typeof core.handleCallback>>
  try {
    back = await core.handleCallback({ parameters, browser: cookieOf(request) })
  } catch (error) {
    if (!(error instanceof Refusal) || error.reason === 'too_many_requests') throw error
    noteRefusal(error, request)
    return redirectResponse(303, withQuery(core.policy.redirects.siteUrl, callbackErrorOf(error)))
  }
  const { redirectTo, result } = back
  if (result.outcome === 'code') return redirectResponse(302, withQuery(redirectTo, { code: result.code }))
  if (result.outcome === 'refused') {
    noteRefusal(result.refusal, request)
    const failure = callbackErrorOf(result.refusal)
    const filled = Object.fromEntries(Object.entries(failure).filter(([, value]) => value !== ''))
    return redirectResponse(302, withMessage(withQuery(redirectTo, failure), { ...filled, sb: '' }))
  }
  const { issued } = result
  const { accessToken = '', refreshToken } = issued.providerTokens ?? {}
  const fragment = {
    access_token: issued.accessToken,
    expires_at: String(issued.expiresAt),
    expires_in: String(issued.expiresIn),
    ...(refreshToken !== undefined && { provider_refresh_token: refreshToken }),
    provider_token: accessToken,
    refresh_token: issued.refreshToken,
    sb: '',
    token_type: 'bearer',
  }
  return redirectResponse(302, withSession(redirectTo, fragment))
}

/** Refusals that map to OAuth's `access_denied` (RFC 6749 §4.1.2.1); the rest go by status. */
const DENIED = new Set(['signup_disabled', 'user_banned', 'provider_email_needs_verification'])

function callbackErrorOf(refusal: Refusal): Record<string, string> {
  const { detail, error } = refusal.detail
  if (refusal.reason === 'oauth_refused') return { error: error ?? '', error_description: detail ?? '' }
  const parameters = errorParameters(refusal)
  return {
    ...parameters,
    error: DENIED.has(parameters.error_code ?? '') ? 'access_denied' : (parameters.error ?? 'server_error'),
  }
}
