/** To a provider and back (contract 1.8), and the identities that come of it (contract 1.7). */
import { Type } from '@sinclair/typebox'
import { status } from 'elysia'
import { Refusal } from '../../core/refusal'
import { readBody } from '../../http/body'
import { type Context, endpoint } from '../../http/endpoint'
import { errorParameters, leadTo, withMessage, withQuery, withSession } from './application'
import { namedAudience } from './audience'
import { redirectQuery, redirectTarget } from './redirect'
import { errors } from './shapes'

const COOKIE = 'latchkey_oauth'

const query = {
  provider: Type.String({ description: 'Such as `github`.' }),
  scopes: Type.Optional(Type.String({ description: 'Further scopes, for the provider.' })),
  ...redirectQuery,
  code_challenge: Type.Optional(Type.String({ description: 'For the PKCE flow: the challenge.' })),
  code_challenge_method: Type.Optional(Type.String({ description: '`s256` or `plain`.' })),
}

/** Every parameter by its first value. */
function parametersOf({ request }: Context): Record<string, string> {
  const all = [...new URL(request.url).searchParams].reverse()
  return Object.fromEntries(all)
}

async function leave(context: Context, linker?: Context<'user'>['caller']) {
  const { core, request, client } = context
  const parameters = parametersOf(context)
  const { url, browser } = await core.leaveForProvider({
    provider: parameters.provider ?? '',
    scopes: parameters.scopes ?? '',
    inviteToken: parameters.invite_token,
    codeChallenge: parameters.code_challenge,
    codeChallengeMethod: parameters.code_challenge_method,
    redirectTo: redirectTarget(core, request, context.query),
    parameters,
    browser: cookieOf(request),
    host: new URL(request.url).host,
    ...(linker && { linker }),
    ip: client.ip,
  })
  return { url, browser, parameters }
}

function cookieOf({ headers }: Request): string | undefined {
  const found = new RegExp(`(?:^|;\\s*)${COOKIE}=([^;]*)`).exec(headers.get('cookie') ?? '')
  return found?.[1]
}

/** A provider may send the browser back by POST from its own site, which reaches us with such a cookie alone. */
function setCookie({ core: { policy } }: Context, browser: string): string {
  const isHttps = policy.apiUrl.startsWith('https:')
  const site = isHttps ? 'SameSite=None; Secure' : 'SameSite=Lax'
  return `${COOKIE}=${browser}; Path=/; Max-Age=${Math.ceil(policy.flowMs / 1000)}; HttpOnly; ${site}`
}

/** GET /authorize: the beginning of a sign-in with somebody else's account. */
export const authorize = endpoint({
  method: 'GET',
  path: '/authorize',
  access: 'anyone',
  query: { ...query, invite_token: Type.Optional(Type.String({ description: 'Token of an invitation to accept.' })) },
  tag: 'Other accounts',
  summary: 'Sign in with an account at a provider',
  description:
    'Leads to the provider. Further parameters are passed on to it, except those of OAuth itself. The implicit flow ends in the browser that began it.',
  answers: { 302: Type.Void(), ...errors(400, 404, 429) },
  handle: async (context) => {
    const { url, browser } = await leave(context)
    return leadTo(302, url, { 'set-cookie': setCookie(context, browser) })
  },
})

/** GET /user/identities/authorize: the same, to link the account to the caller's. */
export const linkIdentity = endpoint({
  method: 'GET',
  path: '/user/identities/authorize',
  access: 'user',
  query: {
    ...query,
    skip_http_redirect: Type.Optional(
      Type.String({ description: '`true`: answer the address in place of leading there.' }),
    ),
  },
  tag: 'Other accounts',
  summary: 'Link an account at a provider to the own one',
  answers: { 200: Type.Object({ url: Type.String() }), 302: Type.Void(), ...errors(400, 401, 403, 404, 429) },
  handle: async (context) => {
    const { url, parameters } = await leave(context as unknown as Context, context.caller)
    return parameters.skip_http_redirect === 'true' ? { url } : leadTo(302, url)
  },
})

/** DELETE /user/identities/{id}. */
export const unlinkIdentity = endpoint({
  method: 'DELETE',
  path: '/user/identities/:id',
  access: 'user',
  tag: 'Other accounts',
  summary: 'Take an identity off the own account',
  answers: { 200: Type.Object({}), ...errors(401, 403, 404, 422) },
  handle: async ({ core, caller, params: { id = '' }, request, client }) => {
    await core.unlinkIdentity({ caller, id, audience: namedAudience(request), client })
    return status(200, {})
  },
})

const cameBack = {
  path: '/callback',
  access: 'anyone' as const,
  toleratesSlash: true,
  tag: 'Other accounts',
  answers: { 302: Type.Void(), 303: Type.Void(), ...errors(400, 429) },
}

/** GET /callback: a browser that comes back. */
export const callback = endpoint({
  ...cameBack,
  method: 'GET',
  query: {
    state: Type.Optional(Type.String({ description: 'As it was given to the provider.' })),
    code: Type.Optional(Type.String({ description: 'What the provider gives for it.' })),
    error: Type.Optional(Type.String({ description: 'Or why it does not.' })),
    error_description: Type.Optional(Type.String()),
  },
  summary: 'Come back from a provider',
  description:
    'Leads to the application: with a session in the fragment, with a code in the PKCE flow, or with what went wrong.',
  handle: (context) => comeBack(context, new URL(context.request.url).searchParams),
})

/** POST /callback: the same as a form, as Apple sends it (OAuth 2.0 Form Post Response Mode). */
export const postCallback = endpoint({
  ...cameBack,
  method: 'POST',
  summary: 'Come back from a provider with a form',
  handle: async (context) => comeBack(context, await formOf(context.request)),
})

/** How long a browser may take to send the form of a provider. */
const FORM_TIMEOUT_MS = 10_000

const formOf = async (request: Request) =>
  new URLSearchParams((await readBody(request, FORM_TIMEOUT_MS)).toString('utf8'))

async function comeBack(context: Context, parameters: URLSearchParams): Promise<Response> {
  const { core, request, client } = context
  let back: Awaited<ReturnType<typeof core.comeBackFromProvider>>
  try {
    back = await core.comeBackFromProvider({ parameters, browser: cookieOf(request), client })
  } catch (error) {
    if (!(error instanceof Refusal) || error.reason === 'too_many_requests') throw error
    return leadTo(303, withQuery(core.policy.redirects.siteUrl, told(error)))
  }
  const { redirectTo, result } = back
  if (result.outcome === 'code') return leadTo(302, withQuery(redirectTo, { code: result.code }))
  if (result.outcome === 'refused') {
    const failure = told(result.refusal)
    const filled = Object.fromEntries(Object.entries(failure).filter(([, value]) => value !== ''))
    return leadTo(302, withMessage(withQuery(redirectTo, failure), { ...filled, sb: '' }))
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
  return leadTo(302, withSession(redirectTo, fragment))
}

/** The names of OAuth for what GoTrue refuses at the end of a flow (RFC 6749 §4.1.2.1); the rest go by their status. */
const DENIED = new Set(['signup_disabled', 'user_banned', 'provider_email_needs_verification'])

function told(refusal: Refusal): Record<string, string> {
  const { detail, error } = refusal.detail
  if (refusal.reason === 'oauth_refused') return { error: error ?? '', error_description: detail ?? '' }
  const parameters = errorParameters(refusal)
  return {
    ...parameters,
    error: DENIED.has(parameters.error_code ?? '') ? 'access_denied' : (parameters.error ?? 'server_error'),
  }
}
