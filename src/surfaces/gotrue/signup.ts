import { Type } from '@sinclair/typebox'
import { endpoint } from '../../http/endpoint'
import { audience } from './audience'
import { captcha } from './captcha'
import { redirectQuery, redirectTarget } from './redirect-target'
import {
  codeChallengeFields,
  codeChallengeOfBody,
  errors,
  SessionShape,
  sessionHeaders,
  toFreshUser,
  toSession,
  UserShape,
} from './schemas'

const Body = Type.Object(
  {
    email: Type.Optional(Type.String()),
    phone: Type.Optional(Type.String()),
    password: Type.Optional(Type.String()),
    data: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'Stored as user_metadata.' })),
    channel: Type.Optional(Type.String({ description: '`sms` or `whatsapp`.' })),
    ...codeChallengeFields,
  },
  {
    $id: 'SignUp',
    examples: [{ email: 'ada@example.com', password: 'correct-horse-battery-9', data: { name: 'Ada' } }],
  },
)

/** `POST /signup`: without address and number, an anonymous user. */
export const signup = endpoint({
  method: 'POST',
  path: '/signup',
  access: 'anyone',
  captcha: captcha('sign_up'),
  body: Body,
  allowsTrailingSlash: true,
  tag: 'Sign-up and sign-in',
  summary: 'Create an account',
  description:
    'With `email` or `phone` and a `password`; without both, the account is anonymous. Returns a session, or only the user if the address has to be confirmed first.',
  query: redirectQuery,
  responses: { 200: Type.Union([SessionShape, UserShape]), ...errors(400, 422, 429) },
  handle: async ({ core, request, query, body, headers }) => {
    const { email, phone, password = '', data = {}, channel } = body
    const shared = { data, audience: audience(core, request) }
    const redirectTo = redirectTarget(core, request, query)
    const signedUp =
      email || phone
        ? await core.signUp({ ...shared, email, phone, password, channel, redirectTo, ...codeChallengeOfBody(body) })
        : await core.signUpAnonymously(shared)
    if (signedUp.outcome === 'without_session') return toFreshUser(signedUp.account)
    Object.assign(headers, sessionHeaders(signedUp.issued))
    return toSession(signedUp.issued, { isJustConfirmed: true })
  },
})
