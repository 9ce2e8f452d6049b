/** Factors in the admin API. */
import { Type } from '@sinclair/typebox'
import { storedText } from '../../http/body'
import { endpoint } from '../../http/endpoint'
import { userId } from './admin-users'
import { errors, FactorShape, toFactor } from './schemas'

const shared = { access: 'admin', tag: 'Administration', allowsTrailingSlash: true } as const

export const listFactors = endpoint({
  ...shared,
  method: 'GET',
  path: '/admin/users/:id/factors',
  summary: "List a user's factors",
  responses: { 200: Type.Array(FactorShape), ...errors(401, 403, 404) },
  handle: async ({ core, params }) => (await core.listFactorsOf(userId(params))).map(toFactor),
})

export const renameFactor = endpoint({
  ...shared,
  method: 'PUT',
  path: '/admin/users/:id/factors/:factor',
  check: async ({ core, params }) =>
    void (await core.requireFactorOf({ userId: userId(params), factorId: params.factor })),
  body: Type.Object(
    { friendly_name: Type.Optional(storedText()) },
    { $id: 'FactorChange', examples: [{ friendly_name: 'old phone' }] },
  ),
  summary: 'Rename a factor',
  responses: { 200: FactorShape, ...errors(400, 401, 403, 404, 422) },
  handle: async ({ core, caller: admin, params, body }) => {
    const which = { admin, userId: userId(params), factorId: params.factor }
    return toFactor(await core.renameFactor({ ...which, friendlyName: body.friendly_name ?? '' }))
  },
})

export const deleteFactor = endpoint({
  ...shared,
  method: 'DELETE',
  path: '/admin/users/:id/factors/:factor',
  summary: 'Remove a factor',
  description: 'Sessions that passed it become aal1.',
  responses: { 200: FactorShape, ...errors(401, 403, 404) },
  handle: async ({ core, caller: admin, params }) =>
    toFactor(await core.deleteFactor({ admin, userId: userId(params), factorId: params.factor })),
})
