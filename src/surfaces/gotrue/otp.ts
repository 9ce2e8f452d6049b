/** Requesting links and codes (`/otp`, `/magiclink`, `/recover`, `/resend`, `/reauthenticate`). */
import { Type } from '@sinclair/typebox'
import { Refusal } from '../../core/kernel/refusal'
import { endpoint } from '../../http/endpoint'
import { choice } from '../../http/schemas'
import { audience } from './audience'
import { captcha } from './captcha'
import { redirectQuery, redirectTarget } from './redirect-target'
import { codeChallengeFields, codeChallengeOfBody, errors } from './schemas'

const Sent = Type.Object(
  { message_id: Type.Optional(Type.String({ description: "The provider's id of an SMS." })) },
  { $id: 'Sent' },
)

const sent = ({ messageId }: { messageId: string | undefined }) => ({ message_id: messageId })

const shared = {
  method: 'POST',
  access: 'anyone',
  query: redirectQuery,
  tag: 'Links and codes',
} as const

export const otp = endpoint({
  ...shared,
  path: '/otp',
  captcha: captcha('otp', { after: 'otps' }),
  body: Type.Object(
    {
      email: Type.Optional(Type.String()),
      phone: Type.Optional(Type.String()),
      create_user: Type.Optional(Type.Boolean({ default: true, description: 'Create an account if there is none.' })),
      data: Type.Optional(
        Type.Record(Type.String(), Type.Unknown(), { description: 'user_metadata of a new account.' }),
      ),
      channel: Type.Optional(Type.String({ description: '`sms` or `whatsapp`.' })),
      ...codeChallengeFields,
    },
    { $id: 'OtpRequest', examples: [{ email: 'ada@example.com' }] },
  ),
  summary: 'Send a magic link or a sign-in code',
  responses: { 200: Sent, ...errors(400, 422, 429) },
  handle: async ({ core, request, query, body }) =>
    sent(
      await core.requestOtp({
        email: body.email,
        phone: body.phone,
        channel: body.channel,
        createsUser: body.create_user ?? true,
        data: body.data ?? {},
        audience: audience(core, request),
        redirectTo: redirectTarget(core, request, query),
        ...codeChallengeOfBody(body),
      }),
    ),
})

const MailBody = Type.Object(
  {
    email: Type.Optional(Type.String()),
    data: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    ...codeChallengeFields,
  },
  { $id: 'MailRequest', examples: [{ email: 'ada@example.com' }], required: ['email'] },
)

export const magicLink = endpoint({
  ...shared,
  path: '/magiclink',
  captcha: captcha('otp', { after: 'magicLinks' }),
  body: MailBody,
  malformed: 'verification_body_malformed',
  summary: 'Send a magic link',
  responses: { 200: Type.Object({ message: Type.String() }, { $id: 'MagicLinkSent' }), ...errors(400, 422, 429) },
  handle: async ({ core, request, query, body }) => {
    await core.requestMagicLink({
      email: body.email,
      data: body.data ?? {},
      audience: audience(core, request),
      redirectTo: redirectTarget(core, request, query),
      ...codeChallengeOfBody(body),
    })
    return { message: 'Magic link sent if email exists' }
  },
})

export const recover = endpoint({
  ...shared,
  path: '/recover',
  captcha: captcha('recover', { after: 'recoveries' }),
  check: ({ core }) => {
    if (!core.policy.signup.email) throw new Refusal('email_signin_disabled')
  },
  body: Type.Object(
    { email: Type.Optional(Type.String()), ...codeChallengeFields },
    { $id: 'RecoveryRequest', examples: [{ email: 'ada@example.com' }], required: ['email'] },
  ),
  summary: 'Send a password-recovery link',
  responses: { 200: Type.Object({}, { $id: 'Nothing' }), ...errors(400, 422, 429) },
  handle: async ({ core, request, query, body }) => {
    const redirectTo = redirectTarget(core, request, query)
    await core.requestRecovery({
      email: body.email,
      audience: audience(core, request),
      redirectTo,
      ...codeChallengeOfBody(body),
    })
    return {}
  },
})

export const resend = endpoint({
  ...shared,
  path: '/resend',
  captcha: captcha('resend', { after: 'resends' }),
  body: Type.Object(
    {
      type: choice(['signup', 'email_change', 'sms', 'phone_change']),
      email: Type.Optional(Type.String()),
      phone: Type.Optional(Type.String()),
      ...codeChallengeFields,
    },
    { $id: 'ResendRequest', examples: [{ type: 'signup', email: 'ada@example.com' }], required: ['type'] },
  ),
  summary: 'Resend the last link or code',
  responses: { 200: Sent, ...errors(400, 422, 429) },
  handle: async ({ core, request, query, body }) => {
    const redirectTo = redirectTarget(core, request, query)
    const { type = '', email, phone } = body
    return sent(
      await core.resend({
        type,
        email,
        phone,
        audience: audience(core, request),
        redirectTo,
        ...codeChallengeOfBody(body),
      }),
    )
  },
})

export const reauthenticate = endpoint({
  method: 'GET',
  path: '/reauthenticate',
  access: 'user',
  allowsTrailingSlash: true,
  tag: 'Own account',
  summary: 'Send a code for a password change',
  responses: { 200: Sent, ...errors(400, 401, 403, 422, 429) },
  handle: async ({ core, caller }) => sent(await core.reauthenticate({ caller })),
})
