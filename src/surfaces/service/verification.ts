/**
 * The six endpoints for mailed links (docs/other-surfaces.md#verification-tokens). Their mails link to pages of the
 * application, which send the token back here.
 */
import { Type } from '@sinclair/typebox'
import { Refusal } from '../../core/kernel/refusal'
import { endpoint } from '../../http/endpoint'
import { body, text } from '../../http/schemas'
import { errors, MessageShape, SessionShape, toSession } from './schemas'

const shared = { method: 'POST', tag: 'Links to your own pages' } as const

const Email = body('ServiceEmail', { email: text() }, { example: { email: 'ada@example.com' }, required: ['email'] })
const Token = body(
  'ServiceToken',
  { token: text() },
  { example: { token: 'the token from the mail' }, required: ['token'] },
)
const TokenAndCode = body(
  'ServiceSignIn',
  { token: text(), code: text('TOTP or recovery code.') },
  { example: { token: 'the token from the mail', code: '123456' }, required: ['token'] },
)

export const requestPasswordReset = endpoint({
  ...shared,
  path: '/password/reset/request',
  access: 'anyone',
  captcha: { action: 'recover', token: ['captcha_token'], after: 'recoveries' },
  body: Email,
  summary: 'Mail a password-reset link',
  description: 'The response is the same whether or not the address has an account.',
  responses: { 200: MessageShape, ...errors(400, 422, 429) },
  handle: async ({ core, body: { email = '' } }) => {
    await core.requestPasswordReset({ email })
    return { message: 'If the address has an account, a mail has been sent' }
  },
})

export const completePasswordReset = endpoint({
  ...shared,
  path: '/password/reset/complete',
  access: 'anyone',
  body: body(
    'ServicePasswordReset',
    { token: text(), new_password: text() },
    {
      example: { token: 'the token from the mail', new_password: 'correct-horse-battery-9' },
      required: ['token', 'new_password'],
    },
  ),
  summary: 'Set a new password with a mailed token',
  description: 'Ends every session of the user. A rejected password does not consume the token.',
  responses: { 200: MessageShape, ...errors(400, 403, 404, 409, 410, 422, 429) },
  handle: async ({ core, body: { token, new_password: password = '' } }) => {
    await core.completePasswordReset({ token: required(token), password })
    return { message: 'The password has been changed, and every session has ended' }
  },
})

export const requestEmailChange = endpoint({
  ...shared,
  path: '/email/change/request',
  access: 'user',
  body: body(
    'ServiceEmailChange',
    { new_email: text() },
    { example: { new_email: 'ada@lovelace.example' }, required: ['new_email'] },
  ),
  summary: 'Request a change of the email address',
  description:
    'Mails a link to the new address. The current address also gets a link if both have to confirm, otherwise a notice.',
  responses: { 200: MessageShape, ...errors(400, 401, 403, 409, 422, 429, 502) },
  handle: async ({ core, caller, body: { new_email: newEmail = '' } }) => {
    await core.requestEmailChange({ caller, newEmail })
    return { message: 'A mail has been sent to the new address' }
  },
})

export const confirmEmailChange = endpoint({
  ...shared,
  path: '/email/change/confirm',
  access: 'anyone',
  body: Token,
  summary: 'Confirm a change of the email address with a mailed token',
  description: '`pending` until the other address has confirmed.',
  responses: {
    200: Type.Object(
      { status: Type.Union([Type.Literal('pending'), Type.Literal('changed')]) },
      { $id: 'ServiceEmailChanged' },
    ),
    ...errors(400, 403, 404, 409, 410, 422, 429),
  },
  handle: async ({ core, body: { token } }) => ({
    status: await core.confirmEmailChange({ token: required(token) }),
  }),
})

export const sendMagicLink = endpoint({
  ...shared,
  path: '/magic-link/send',
  access: 'anyone',
  captcha: { action: 'otp', token: ['captcha_token'], after: 'magicLinks' },
  body: Email,
  summary: 'Mail a magic link',
  description: 'The response is the same whether or not the address has an account.',
  responses: { 200: MessageShape, ...errors(400, 422, 429) },
  handle: async ({ core, body: { email = '' } }) => {
    await core.sendServiceMagicLink({ email })
    return { message: 'If the address may sign in, a mail has been sent' }
  },
})

export const verifyMagicLink = endpoint({
  ...shared,
  path: '/magic-link/verify',
  access: 'anyone',
  body: TokenAndCode,
  summary: 'Sign in with a mailed token',
  description:
    'Creates the account if there is none and sign-up is allowed. An account with a second factor requires its code.',
  responses: { 200: SessionShape, ...errors(400, 401, 403, 404, 409, 410, 422, 429) },
  handle: async ({ core, body: { token, code = '' }, headers }) => {
    headers['cache-control'] = 'no-store'
    return toSession(
      await core.verifyServiceMagicLink({ token: required(token), code, audience: core.policy.audience }),
    )
  },
})

function required(token: string | undefined): string {
  if (token === undefined) throw new Refusal('introspection_token_missing')
  return token
}
