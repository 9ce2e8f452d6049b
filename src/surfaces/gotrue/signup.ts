import { Type } from '@sinclair/typebox'
import { endpoint } from '../../http/endpoint'
import { audience } from './audience'
import { errors, SessionShape, sessionHeaders, toSession } from './shapes'

const Body = Type.Object(
  {
    email: Type.Optional(Type.String()),
    phone: Type.Optional(Type.String()),
    password: Type.Optional(Type.String()),
    data: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'Becomes user_metadata.' })),
    channel: Type.Optional(Type.String()),
    code_challenge: Type.Optional(Type.String()),
    code_challenge_method: Type.Optional(Type.String()),
  },
  {
    $id: 'SignUp',
    examples: [{ email: 'ada@example.com', password: 'correct-horse-battery-9', data: { name: 'Ada' } }],
  },
)

/** POST /signup (contract 1.2): neither an address nor a number means an anonymous user. */
export const signup = endpoint({
  method: 'POST',
  path: '/signup',
  access: 'anyone',
  body: Body,
  toleratesSlash: true,
  tag: 'Signing up and in',
  summary: 'Make an account and sign it in',
  description: 'With `email` or `phone` and a `password`; without either, the account is anonymous.',
  answers: { 200: SessionShape, ...errors(400, 422, 429) },
  handle: async ({ core, request, body, client, headers }) => {
    const { email, phone, password = '', data = {} } = body
    const shared = { data, audience: audience(core, request), client }
    const issued =
      email || phone ? await core.signUp({ ...shared, email, phone, password }) : await core.signUpAnonymously(shared)
    Object.assign(headers, sessionHeaders(issued))
    return toSession(issued, { isJustConfirmed: true })
  },
})
