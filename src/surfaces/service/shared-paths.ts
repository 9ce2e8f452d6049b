/**
 * Paths shared by services and native clients, distinguished by the content of the request
 * (docs/other-surfaces.md#shared-paths).
 */
import { Type } from '@sinclair/typebox'
import { status } from 'elysia'
import { Refusal } from '../../core/kernel/refusal'
import { sessionCookieOf, setSessionCookie } from '../../http/cookie'
import { credentialsOf } from '../../http/credentials'
import { endpoint } from '../../http/endpoint'
import { body, text } from '../../http/schemas'
import { errors, PairShape, SessionShape, toPair, toSession } from './schemas'

const ServiceRefresh = body(
  'ServiceRefresh',
  { refresh_token: text('Of a service.') },
  { example: { refresh_token: 'srt_…' }, required: ['refresh_token'] },
)

const NativeRefresh = body(
  'NativeRefresh',
  { refreshToken: text('Of a native client.') },
  { example: { refreshToken: 'crt_…' }, required: ['refreshToken'] },
)

const Refresh = Type.Object({ ...ServiceRefresh.properties, ...NativeRefresh.properties })

export const refresh = endpoint({
  method: 'POST',
  path: '/refresh',
  access: 'anyone',
  body: Refresh,
  forms: [ServiceRefresh, NativeRefresh],
  tag: 'Services',
  summary: 'Refresh tokens',
  description:
    'Requires exactly one of two keys: `refreshToken` returns a token pair, `refresh_token` a session. A refresh token is single-use; reuse ends the session with all its tokens.',
  responses: { 200: Type.Union([SessionShape, PairShape]), ...errors(400, 401, 422, 429) },
  handle: async ({ core, body: { refreshToken, refresh_token: serviceToken }, headers }) => {
    headers['cache-control'] = 'no-store'
    if (refreshToken !== undefined && serviceToken === undefined)
      return toPair(await core.refreshTokenPair({ refreshToken }))
    if (serviceToken === undefined || refreshToken !== undefined) throw new Refusal('refresh_token_ambiguous')
    return toSession(await core.refreshForService({ refreshToken: serviceToken }))
  },
})

export const logout = endpoint({
  method: 'POST',
  path: '/logout',
  access: 'anyone',
  body: body('ServiceLogout', Refresh.properties, { example: { refresh_token: 'srt_…' } }),
  isBodyOptional: true,
  tag: 'Services',
  summary: 'Sign out',
  description:
    'Ends the session of a refresh token, a bearer token or the session cookie: 204 for native clients and browsers, otherwise `{"status":"ok"}`.',
  responses: {
    200: Type.Object({ status: Type.Literal('ok') }, { $id: 'ServiceSignedOut' }),
    204: Type.Void(),
    ...errors(400, 401, 403, 422),
  },
  handle: async ({ core, request, body: { refreshToken: nativeToken, refresh_token: serviceToken }, headers }) => {
    const credentials = credentialsOf(core, request)
    const { apiUrl } = core.policy
    const cookie = sessionCookieOf(request, apiUrl)
    const cookieToken = cookie?.isTrusted ? cookie.token : undefined
    await core.signOutWith({ credentials, nativeToken, serviceToken, cookieToken })
    if (cookieToken !== undefined) headers['set-cookie'] = setSessionCookie(apiUrl, '', 0)
    const isService = nativeToken === undefined && (serviceToken !== undefined || isJwt(credentials.bearer))
    return isService ? { status: 'ok' } : status(204)
  },
})

const isJwt = (bearer: string | undefined) => bearer?.includes('.') === true
