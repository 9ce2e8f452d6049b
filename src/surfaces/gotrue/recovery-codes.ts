/** Recovery codes, as supabase-js has them (`mfa.recoveryCodes`). */
import { Type } from '@sinclair/typebox'
import { storedText } from '../../http/body'
import { endpoint } from '../../http/endpoint'
import { errors, SessionShape, sessionHeaders, toSession } from './schemas'

const shared = { access: 'user', tag: 'Second factors', allowsTrailingSlash: true } as const

const GeneratedCodes = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    type: Type.Literal('recovery_code'),
    friendly_name: Type.String(),
    total: Type.Integer(),
    codes: Type.Array(Type.String(), { description: 'Shown only once.' }),
  },
  { $id: 'RecoveryCodes' },
)

export const recoveryCodesStatus = endpoint({
  ...shared,
  method: 'GET',
  path: '/factors/recovery-codes',
  summary: 'Get the number of remaining recovery codes',
  responses: {
    200: Type.Object(
      {
        id: Type.String({ format: 'uuid' }),
        type: Type.Literal('recovery_code'),
        total: Type.Integer(),
        remaining: Type.Integer(),
      },
      { $id: 'RecoveryCodesStatus' },
    ),
    ...errors(401, 403, 404),
  },
  handle: async ({ core, caller }) => {
    const { factor, total, remaining } = await core.recoveryCodesStatus({ caller })
    return { id: factor.id, type: factor.factorType, total, remaining }
  },
})

export const generateRecoveryCodes = endpoint({
  ...shared,
  method: 'POST',
  path: '/factors/recovery-codes',
  body: Type.Object(
    { friendly_name: Type.Optional(storedText()) },
    { $id: 'RecoveryCodesRequest', examples: [{ friendly_name: 'Recovery codes' }] },
  ),
  isBodyOptional: true,
  summary: 'Generate recovery codes',
  description: 'Each code can be used once in place of another factor. Requires an aal2 session.',
  responses: { 200: GeneratedCodes, ...errors(400, 401, 403, 422) },
  handle: async ({ core, caller, body, headers }) => {
    const friendlyName = body.friendly_name ?? ''
    headers['cache-control'] = 'no-store'
    return toGenerated(await core.generateRecoveryCodes({ caller, friendlyName }))
  },
})

export const regenerateRecoveryCodes = endpoint({
  ...shared,
  method: 'POST',
  path: '/factors/recovery-codes/regenerate',
  summary: 'Replace the recovery codes',
  description: 'The previous codes become invalid.',
  responses: { 200: GeneratedCodes, ...errors(401, 403, 404, 422) },
  handle: async ({ core, caller, headers }) => {
    headers['cache-control'] = 'no-store'
    return toGenerated(await core.regenerateRecoveryCodes({ caller }))
  },
})

export const verifyRecoveryCode = endpoint({
  ...shared,
  method: 'POST',
  path: '/factors/recovery-codes/verify',
  body: Type.Object(
    { code: Type.Optional(Type.String({ description: 'As typed; case, spaces and hyphens are ignored.' })) },
    { $id: 'RecoveryCodeAnswer', examples: [{ code: 'k4m6-x7qp-2ab5-ht3z' }], required: ['code'] },
  ),
  summary: 'Verify a recovery code as a second factor',
  description: 'Has the same effect on the session as a verified challenge.',
  responses: { 200: SessionShape, ...errors(400, 401, 403, 422, 429) },
  handle: async ({ core, caller, body, headers }) => {
    const issued = await core.verifyRecoveryCode({ caller, code: body.code ?? '' })
    Object.assign(headers, sessionHeaders(issued))
    return toSession(issued)
  },
})

export const removeRecoveryCodes = endpoint({
  ...shared,
  method: 'DELETE',
  path: '/factors/recovery-codes',
  summary: 'Remove the recovery codes',
  responses: {
    200: Type.Object({ id: Type.String({ format: 'uuid' }) }, { $id: 'RemovedRecoveryCodes' }),
    ...errors(401, 403, 404),
  },
  handle: async ({ core, caller }) => ({ id: await core.removeRecoveryCodes({ caller }) }),
})

const toGenerated = ({
  factor,
  total,
  codes,
}: {
  factor: { id: string; factorType: string; friendlyName: string }
  total: number
  codes: string[]
}) => ({ id: factor.id, type: factor.factorType, friendly_name: factor.friendlyName, total, codes })
