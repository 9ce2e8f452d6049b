import { status } from 'elysia'
import { localRef } from '../../core/federation/user-ref'
import { usernameOf } from '../../core/users/usernames'
import { endpoint } from '../../http/endpoint'
import { body, text } from '../../http/schemas'
import { CreatedShape, errors } from './schemas'

/** `POST /auth/v1/users` (docs/other-surfaces.md#federation). */
export const createUser = endpoint({
  method: 'POST',
  path: '/users',
  access: 'admin',
  body: body(
    'FederationNewUser',
    { username: text(), email: text(), password: text() },
    {
      example: { username: 'ada', email: 'ada@example.com', password: 'correct-horse-battery-9' },
      required: ['username', 'email', 'password'],
    },
  ),
  tag: 'Federation',
  summary: 'Create an account with a username',
  description: 'Its email address is confirmed.',
  responses: { 201: CreatedShape, ...errors(400, 401, 403, 409) },
  handle: async ({ core, caller: admin, body: { username = '', email = '', password = '' } }) => {
    const user = await core.createFederatedUser({ admin, username, email, password })
    return status(201, {
      success: true,
      username: usernameOf(user),
      uid: user.uid,
      user_ref: localRef(user.uid),
    })
  },
})
