/** Token pairs and personal access tokens for clients without cookies (docs/other-surfaces.md#native-clients). */
import { Type } from '@sinclair/typebox'
import { status } from 'elysia'
import { storedText } from '../../http/body'
import { endpoint } from '../../http/endpoint'
import { body, choice, text } from '../../http/schemas'
import { CreatedPersonalTokenShape, errors, PairShape, PersonalTokenShape, toPair, toPersonalToken } from './schemas'

const tag = 'Native clients'

export const mintTokens = endpoint({
  method: 'POST',
  path: '/token',
  access: 'anyone',
  captcha: { action: 'sign_in', token: ['captchaToken'] },
  body: body(
    'TokenPairRequest',
    {
      grantType: choice(['password']),
      email: text('An email address, a username or a uid.'),
      username: text('Alias of `email`.'),
      password: text(),
      code: text('TOTP or recovery code, for accounts with a second factor.'),
    },
    {
      example: { grantType: 'password', email: 'ada@example.com', password: 'correct-horse-battery-9' },
      required: ['grantType', 'password'],
    },
  ),
  tag,
  summary: 'Sign in for a token pair',
  description: 'Expiry times are absolute.',
  responses: { 200: PairShape, ...errors(400, 401, 403, 429) },
  handle: async ({ core, body: { grantType = '', email, username, password = '', code = '' }, headers }) => {
    headers['cache-control'] = 'no-store'
    const identifier = email ?? username ?? ''
    return toPair(await core.mintTokenPair({ grantType, identifier, password, code }))
  },
})

export const listPersonalTokens = endpoint({
  method: 'GET',
  path: '/tokens',
  access: 'user',
  tag,
  summary: 'List personal access tokens',
  responses: { 200: Type.Array(PersonalTokenShape), ...errors(401, 403) },
  handle: async ({ core, caller }) => (await core.listPersonalTokens({ caller })).map(toPersonalToken),
})

export const createPersonalToken = endpoint({
  method: 'POST',
  path: '/tokens',
  access: 'user',
  body: body(
    'PersonalAccessTokenRequest',
    { name: Type.Optional(storedText()), expiresAt: text('ISO 8601; omitted for no expiry.') },
    { example: { name: 'backup script', expiresAt: '2030-01-01T00:00:00Z' }, required: ['name'] },
  ),
  tag,
  summary: 'Create a personal access token',
  description:
    'The token is shown only once. It has assurance level aal1, and can neither create tokens nor change sign-in methods.',
  responses: { 201: CreatedPersonalTokenShape, ...errors(400, 401, 403) },
  handle: async ({ core, caller, body: { name = '', expiresAt }, headers }) => {
    headers['cache-control'] = 'no-store'
    const { token, kept } = await core.createPersonalToken({ caller, name, expiresAt })
    return status(201, { ...toPersonalToken(kept), token })
  },
})

export const revokePersonalToken = endpoint({
  method: 'DELETE',
  path: '/tokens/:id',
  access: 'user',
  tag,
  summary: 'Revoke a personal access token',
  responses: { 204: Type.Void(), ...errors(401, 403, 404) },
  handle: async ({ core, caller, params: { id } }) => {
    await core.revokePersonalToken({ caller, id })
    return status(204)
  },
})
