/** Sign-in with an account of this server or another, and the resulting session (docs/other-surfaces.md#federation). */
import { Type } from '@sinclair/typebox'
import { isThisServer } from '../../core/federation/peers'
import { bodyDecoder } from '../../http/body'
import { endpoint } from '../../http/endpoint'
import { body, SignedOutShape, text } from '../../http/schemas'
import {
  errors,
  IntrospectionShape,
  MeShape,
  SignInShape,
  SuccessShape,
  TokenShape,
  toIntrospection,
  toSignIn,
  toUser,
} from './schemas'

const tag = 'Federation'

const server = text('Name or URL of another server; omitted, empty or `local`: this one.')
const decodeServer = bodyDecoder(Type.Object({ server }))

export const login = endpoint({
  method: 'POST',
  path: '/login',
  access: 'anyone',
  captcha: {
    action: 'sign_in',
    token: ['captcha_token'],
    // A sign-in at another server needs a captcha only if that server requires one.
    isExempt: async ({ receive }) => !isThisServer(decodeServer(await receive()).server ?? ''),
  },
  body: body(
    'FederationLogin',
    {
      id: Type.Optional(
        Type.Union([Type.String(), Type.Integer()], { description: 'A username, an email address or a uid.' }),
      ),
      username: text('Alias of `id`.'),
      password: text(),
      code: text('TOTP or recovery code, for accounts with a second factor.'),
      server,
      // ignored, whatever it is, if no captcha is required
      captcha_token: Type.Optional(Type.Unknown()),
    },
    { example: { id: 'ada@example.com', password: 'correct-horse-battery-9' }, required: ['password'] },
  ),
  tag,
  summary: 'Sign in with an account of this server or another one',
  description:
    'Only servers in AUTH_FEDERATION_SERVERS are contacted. A captcha is solved for the server of the account. Wrong passwords count together with those of every other sign-in.',
  responses: { 200: SignInShape, ...errors(400, 401, 403, 429, 502) },
  handle: async ({ core, body: { id, username, password = '', code = '', server = '', captcha_token }, headers }) => {
    headers['cache-control'] = 'no-store'
    const identifier = String(id ?? username ?? '')
    const captchaToken = typeof captcha_token === 'string' ? captcha_token : ''
    return toSignIn(await core.signInFederated({ identifier, password, code, server, captchaToken }))
  },
})

export const me = endpoint({
  method: 'GET',
  path: '/me',
  access: 'federated',
  tag,
  summary: 'Get the user of the token',
  description: 'For accounts of another server: the user object from that server, with `server` and `user_ref` added.',
  responses: { 200: MeShape, ...errors(401, 403, 502) },
  handle: async ({ core, caller }) => {
    const found = await core.getFederatedUser({ caller })
    return { success: true, user: 'user' in found ? toUser(found.user) : found.external }
  },
})

export const refresh = endpoint({
  method: 'POST',
  path: '/refresh',
  access: 'federated',
  tag,
  summary: 'Refresh a token',
  description: 'The old token becomes invalid. No session lasts longer than 30 days.',
  responses: { 200: TokenShape, ...errors(401, 403, 429, 502) },
  handle: async ({ core, caller, headers }) => {
    headers['cache-control'] = 'no-store'
    const token = await core.refreshFederated({ caller })
    return { success: true, access_token: token, token_type: 'Bearer' }
  },
})

export const changePassword = endpoint({
  method: 'POST',
  path: '/change-password',
  access: 'federated',
  body: body(
    'FederationPasswordChange',
    { old_password: text(), new_password: text() },
    {
      example: { old_password: 'correct-horse-battery-9', new_password: 'another-horse-battery-7' },
      required: ['old_password', 'new_password'],
    },
  ),
  tag,
  summary: 'Change the password',
  description: 'Ends every other session of the user.',
  responses: { 200: SuccessShape, ...errors(400, 401, 403, 429) },
  handle: async ({ core, caller, body: { old_password: old = '', new_password: wanted = '' } }) => {
    await core.changePasswordFederated({ caller, oldPassword: old, newPassword: wanted })
    return { success: true }
  },
})

export const introspect = endpoint({
  method: 'POST',
  path: '/introspect',
  access: 'anyone',
  body: body(
    'FederationIntrospect',
    // Any other value is simply not a valid token: a result, not an error.
    { token: Type.Optional(Type.Unknown({ description: 'A token of any surface.' })) },
    { example: { token: 'fed_…' } },
  ),
  isBodyOptional: true,
  tag,
  summary: 'Introspect a token',
  responses: { 200: IntrospectionShape, ...errors(400) },
  handle: async ({ core, body: { token = '' }, headers }) => {
    headers['cache-control'] = 'no-store'
    if (token === '') return { active: false, reason: 'missing_token' }
    return toIntrospection(typeof token === 'string' ? await core.introspectFederated({ token }) : undefined)
  },
})

/** Only for tokens of this surface: `POST /auth/v1/logout` with any other token is answered as in Supabase Auth. */
export const logout = endpoint({
  method: 'POST',
  path: '/logout',
  access: 'federated',
  tag,
  summary: 'Sign out',
  responses: { 200: SignedOutShape, ...errors(401, 403, 502) },
  handle: async ({ core, caller }) => {
    await core.signOutFederated({ caller })
    return { success: true, message: 'Logged out' }
  },
})
