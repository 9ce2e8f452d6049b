/** The six endpoints of verification-tokens.md. Their mails lead to pages of the application, which show the token here. */
import { Type } from '@sinclair/typebox'
import { Refusal } from '../../core/refusal'
import { endpoint } from '../../http/endpoint'
import { body, errors, MessageShape, SessionShape, toSession } from './shapes'

const shared = { method: 'POST', tag: 'Links to your own pages' } as const

const Email = body('ServiceEmail', { email: Type.Optional(Type.String()) }, { email: 'ada@example.com' })
const Token = body('ServiceToken', { token: Type.Optional(Type.String()) }, { token: 'the token of the mail' })
const TokenAndCode = body(
  'ServiceSignIn',
  {
    token: Type.Optional(Type.String()),
    code: Type.Optional(Type.String({ description: 'Of an authenticator app, or a recovery code.' })),
  },
  { token: 'the token of the mail', code: '123456' },
)

export const requestPasswordReset = endpoint({
  ...shared,
  path: '/password/reset/request',
  access: 'anyone',
  body: Email,
  summary: 'Mail a link to set a new password',
  description: 'The answer is the same whether or not the address has an account.',
  answers: { 200: MessageShape, ...errors(400, 422, 429) },
  handle: async ({ core, body: { email = '' }, client }) => {
    await core.requestPasswordReset({ email, client })
    return { message: 'If the address has an account, a mail is on its way' }
  },
})

export const completePasswordReset = endpoint({
  ...shared,
  path: '/password/reset/complete',
  access: 'anyone',
  body: body(
    'ServicePasswordReset',
    { token: Type.Optional(Type.String()), new_password: Type.Optional(Type.String()) },
    { token: 'the token of the mail', new_password: 'correct-horse-battery-9' },
  ),
  summary: 'Set a new password with the token of a mail',
  description: 'Ends every session of the user. A password that is refused leaves the token usable.',
  answers: { 200: MessageShape, ...errors(400, 403, 404, 409, 410, 422, 429) },
  handle: async ({ core, body: { token, new_password: password = '' }, client }) => {
    await core.completePasswordReset({ token: required(token), password, client })
    return { message: 'The password is set; every session is over' }
  },
})

export const requestEmailChange = endpoint({
  ...shared,
  path: '/email/change/request',
  access: 'user',
  body: body('ServiceEmailChange', { new_email: Type.Optional(Type.String()) }, { new_email: 'ada@lovelace.example' }),
  summary: 'Ask for another address',
  description:
    'The new address gets a link. The present one gets one too where both have to agree, and otherwise a notice.',
  answers: { 200: MessageShape, ...errors(400, 401, 403, 409, 422, 429, 502) },
  handle: async ({ core, caller, body: { new_email: newEmail = '' }, client }) => {
    await core.requestEmailChange({ caller, newEmail, client })
    return { message: 'A mail is on its way to the new address' }
  },
})

export const confirmEmailChange = endpoint({
  ...shared,
  path: '/email/change/confirm',
  access: 'anyone',
  body: Token,
  summary: 'Confirm another address with the token of a mail',
  description: '`pending` while the other address has still to agree.',
  answers: {
    200: Type.Object(
      { status: Type.Union([Type.Literal('pending'), Type.Literal('changed')]) },
      { $id: 'ServiceEmailChanged' },
    ),
    ...errors(400, 403, 404, 409, 410, 422, 429),
  },
  handle: async ({ core, body: { token }, client }) => ({
    status: await core.confirmEmailChange({ token: required(token), client }),
  }),
})

export const sendMagicLink = endpoint({
  ...shared,
  path: '/magic-link/send',
  access: 'anyone',
  body: Email,
  summary: 'Mail a link to sign in with',
  description: 'The answer is the same whether or not the address has an account.',
  answers: { 200: MessageShape, ...errors(400, 422, 429) },
  handle: async ({ core, body: { email = '' }, client }) => {
    await core.sendSignInLink({ email, client })
    return { message: 'A mail is on its way, if the address may sign in' }
  },
})

export const verifyMagicLink = endpoint({
  ...shared,
  path: '/magic-link/verify',
  access: 'anyone',
  body: TokenAndCode,
  summary: 'Sign in with the token of a mail',
  description:
    'Makes the account where there is none and sign-up is allowed. An account with a second factor needs a code of it.',
  answers: { 200: SessionShape, ...errors(400, 401, 403, 404, 409, 410, 422, 429) },
  handle: async ({ core, body: { token, code = '' }, client, headers }) => {
    headers['cache-control'] = 'no-store'
    return toSession(
      await core.verifySignInLink({ token: required(token), code, audience: core.policy.audience, client }),
    )
  },
})

/** @throws {Refusal<'introspection_token_missing'>} */
function required(token: string | undefined): string {
  if (token === undefined) throw new Refusal('introspection_token_missing')
  return token
}
