/** The keys that sign access tokens, in the admin API (docs/admin-api.md#server). */
import { type Static, Type } from '@sinclair/typebox'
import type { SigningKey } from '../../core'
import { endpoint } from '../../http/endpoint'
import { choice, oneOf } from '../../http/schemas'
import { goTime, goTimeOr } from '../../lib/rfc3339'
import { errors } from './schemas'

const PATH = '/admin/signing-keys'
const shared = { access: 'admin', tag: 'Administration', allowsTrailingSlash: true } as const

const time = () => Type.String({ format: 'date-time' })

const SigningKeyShape = Type.Object(
  {
    kid: Type.String(),
    alg: Type.String(),
    status: oneOf(['standby', 'in_use', 'previously_used', 'retired', 'revoked']),
    created_at: time(),
    signs_from: Type.Union([time(), Type.Null()], { description: 'Null for a key that is not scheduled.' }),
    verifies_until: Type.Union([time(), Type.Null()], { description: 'Once another key has taken over.' }),
  },
  { $id: 'SigningKey' },
)

const toKey = ({ kid, alg, status, ...times }: SigningKey): Static<typeof SigningKeyShape> => ({
  kid,
  alg,
  status,
  created_at: goTime(times.createdAt),
  signs_from: goTimeOr(times.signsFrom, null),
  verifies_until: goTimeOr(times.verifiesUntil, null),
})

export const listSigningKeys = endpoint({
  ...shared,
  method: 'GET',
  path: PATH,
  summary: 'The signing keys, newest first',
  description: 'Their private halves are never shown. Without any, tokens are signed with the HS256 secret.',
  responses: {
    200: Type.Object(
      {
        items: Type.Array(SigningKeyShape),
        managed_in: oneOf(['database', 'settings']),
      },
      { $id: 'SigningKeys' },
    ),
    ...errors(401, 403),
  },
  handle: async ({ core }) => ({
    items: (await core.listSigningKeys()).map(toKey),
    managed_in: core.policy.signing.isFixed ? 'settings' : 'database',
  }),
})

export const createSigningKey = endpoint({
  ...shared,
  method: 'POST',
  path: PATH,
  body: Type.Object(
    { alg: choice(['ES256', 'RS256', 'EdDSA']) },
    { $id: 'NewSigningKey', examples: [{ alg: 'ES256' }], required: ['alg'] },
  ),
  summary: 'Create a standby key',
  description: 'It is published at once, and signs once it is activated.',
  responses: { 200: SigningKeyShape, ...errors(400, 401, 403, 422) },
  handle: async ({ core, caller: admin, body: { alg = '' } }) => toKey(await core.createSigningKey({ admin, alg })),
})

export const activateSigningKey = endpoint({
  ...shared,
  method: 'POST',
  path: `${PATH}/:kid/activate`,
  body: Type.Object(
    { now: Type.Optional(Type.Boolean({ description: 'Whether it signs before verifiers had time to fetch it.' })) },
    { $id: 'SigningKeyActivation', examples: [{ now: false }] },
  ),
  isBodyOptional: true,
  summary: 'Let a standby key sign',
  description: 'Ten minutes after it was published, which is how long clients cache the keys, or now.',
  responses: { 200: SigningKeyShape, ...errors(400, 401, 403, 404, 422) },
  handle: async ({ core, caller: admin, params: { kid }, body: { now = false } }) =>
    toKey(await core.activateSigningKey({ admin, kid, isUrgent: now })),
})

export const revokeSigningKey = endpoint({
  ...shared,
  method: 'POST',
  path: `${PATH}/:kid/revoke`,
  summary: 'Revoke a key',
  description: 'Tokens that it signed are refused at once; their owners refresh or sign in again. It cannot be undone.',
  responses: { 200: SigningKeyShape, ...errors(401, 403, 404, 422) },
  handle: async ({ core, caller: admin, params: { kid } }) => toKey(await core.revokeSigningKey({ admin, kid })),
})
