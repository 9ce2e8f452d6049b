/** The first administrator (docs/admin-api.md#first-administrator). */
import { Type } from '@sinclair/typebox'
import { endpoint } from '../../http/endpoint'
import { body, text } from '../../http/schemas'
import { audience } from './audience'
import { errors, SessionShape, sessionHeaders, toSession } from './schemas'

const PATH = '/admin/setup'
const shared = { access: 'anyone', tag: 'Administration', allowsTrailingSlash: true } as const

export const setupState = endpoint({
  ...shared,
  method: 'GET',
  path: PATH,
  summary: 'Whether the first administrator can still be made',
  responses: { 200: Type.Object({ open: Type.Boolean() }, { $id: 'SetupState' }) },
  handle: async ({ core }) => ({ open: await core.isSetupOpen() }),
})

export const setUpAdministrator = endpoint({
  ...shared,
  method: 'POST',
  path: PATH,
  body: body(
    'Setup',
    {
      token: text('From the link that the server printed at its start.'),
      email: text(),
      password: text(),
    },
    {
      example: { token: 'from the printed link', email: 'root@example.com', password: 'correct-horse-battery-9' },
      required: ['token', 'email', 'password'],
    },
  ),
  summary: 'Make the first administrator',
  description: 'Once, with the token that the server prints while there is no administrator.',
  responses: { 200: SessionShape, ...errors(400, 403, 422, 429) },
  handle: async ({ core, request, headers, body: { token = '', email = '', password = '' } }) => {
    const issued = await core.setUpAdministrator({ token, email, password, audience: audience(core, request) })
    Object.assign(headers, sessionHeaders(issued))
    return toSession(issued)
  },
})
