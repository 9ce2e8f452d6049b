/** Accounts and sessions for services behind a gateway (docs/other-surfaces.md#service-endpoints). */
import { Type } from '@sinclair/typebox'
import { status } from 'elysia'
import { Refusal } from '../../core/kernel/refusal'
import { storedText } from '../../http/body'
import { isOwnPage, setSessionCookie } from '../../http/cookie'
import { endpoint } from '../../http/endpoint'
import { body, text } from '../../http/schemas'
import { errors, IntrospectionShape, SessionShape, toIntrospection, toSession, toUser, UserShape } from './schemas'

const tag = 'Services'

export const register = endpoint({
  method: 'POST',
  path: '/register',
  access: 'anyone',
  captcha: { action: 'sign_up', token: ['captcha_token'] },
  body: body(
    'ServiceRegistration',
    { email: text(), password: text(), display_name: Type.Optional(storedText()) },
    {
      example: { email: 'ada@example.com', password: 'correct-horse-battery-9', display_name: 'Ada' },
      required: ['email', 'password'],
    },
  ),
  tag,
  summary: 'Create an account',
  description: 'Does not sign in. If addresses have to be confirmed, a mail with a link is sent.',
  responses: {
    201: Type.Object(
      { user: UserShape, matrix_user_id: Type.Union([Type.String(), Type.Null()]) },
      { $id: 'ServiceRegistered' },
    ),
    ...errors(400, 403, 409, 422, 429),
  },
  handle: async ({ core, body: { email = '', password = '', display_name: displayName = '' } }) => {
    const user = toUser(await core.registerForService({ email, password, displayName }))
    return status(201, { user, matrix_user_id: user.matrix_user_id })
  },
})

export const login = endpoint({
  method: 'POST',
  path: '/login',
  access: 'anyone',
  captcha: { action: 'sign_in', token: ['captcha_token'] },
  body: body(
    'ServiceLogin',
    {
      email: text('An email address, a username or a uid.'),
      username: text('Alias of `email`.'),
      password: text(),
      code: text('TOTP or recovery code, for accounts with a second factor.'),
    },
    { example: { email: 'ada@example.com', password: 'correct-horse-battery-9' }, required: ['password'] },
  ),
  tag,
  summary: 'Sign in',
  description:
    'Returns tokens, and sets the session cookie for pages of this origin. All belong to one session. Wrong passwords count together with those of every other sign-in.',
  responses: { 200: SessionShape, ...errors(400, 401, 403, 422, 429) },
  handle: async ({ core, request, body: { email, username, password = '', code = '' }, headers }) => {
    headers['cache-control'] = 'no-store'
    const { policy } = core
    const identifier = email ?? username ?? ''
    const { session, cookie } = await core.signInForService({ identifier, password, code })
    // A page of another origin must not sign a visitor in to a different account.
    if (isOwnPage(request, policy.apiUrl))
      headers['set-cookie'] = setSessionCookie(policy.apiUrl, cookie, policy.native.refreshTokenMs)
    return toSession(session)
  },
})

export const me = endpoint({
  method: 'GET',
  path: '/me',
  access: 'user',
  tag,
  summary: 'Get the user of the token',
  description: 'The same for every kind of token, and for the session cookie.',
  responses: { 200: UserShape, ...errors(401, 403) },
  handle: async ({ core, caller }) => toUser(await core.describeUser({ caller })),
})

export const introspect = endpoint({
  method: 'POST',
  path: '/introspect',
  access: 'anyone',
  body: body(
    'ServiceIntrospect',
    { token: text('A token of any surface.') },
    { example: { token: 'eyJhbGciOiJIUzI1NiJ9.…' }, required: ['token'] },
  ),
  tag,
  summary: 'Introspect a token',
  description: '`{"active":false}` if it is invalid or expired, or its session has ended.',
  responses: { 200: IntrospectionShape, ...errors(400, 422) },
  handle: async ({ core, body: { token = '' }, headers }) => {
    headers['cache-control'] = 'no-store'
    if (token === '') throw new Refusal('introspection_token_missing')
    return toIntrospection(await core.introspect({ token }))
  },
})
