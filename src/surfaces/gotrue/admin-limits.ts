/** Rate limits that refuse something now, in the admin API (docs/admin-api.md#rate-limits). */
import { Type } from '@sinclair/typebox'
import { status } from 'elysia'
import { Refusal } from '../../core/kernel/refusal'
import { endpoint } from '../../http/endpoint'
import { oneOf } from '../../http/schemas'
import { goTime } from '../../lib/rfc3339'
import { errors } from './schemas'

const PATH = '/admin/limits'
const shared = { access: 'admin', tag: 'Administration', allowsTrailingSlash: true } as const

const LimitShape = Type.Object(
  {
    key: Type.String({ description: 'For the reset.' }),
    rule: Type.String({ description: 'What is limited. Those of requests begin with `request`.' }),
    setting: Type.String({ description: 'The setting with the limit.' }),
    subject: Type.Union([Type.String(), Type.Null()], {
      description: 'The account, the network or the address; null for an identifier without an account.',
    }),
    subject_kind: oneOf(['account', 'network', 'address', 'server', 'unknown']),
    until: Type.String({ format: 'date-time' }),
  },
  { $id: 'LimitHit' },
)

export const listLimits = endpoint({
  ...shared,
  method: 'GET',
  path: PATH,
  summary: 'Rate limits that refuse something now, the latest first',
  description: 'Those that this process has enforced. Other processes on the database may know of more.',
  responses: {
    200: Type.Object({ items: Type.Array(LimitShape), covers: Type.Literal('this_server') }, { $id: 'LimitHits' }),
    ...errors(401, 403),
  },
  handle: ({ core }) => ({
    items: core.listLimits().map(({ rule, key, setting, subject, kind, until }) => ({
      key: keyOf(rule, key),
      rule,
      setting,
      subject,
      subject_kind: kind,
      until: goTime(until),
    })),
    covers: 'this_server',
  }),
})

export const resetLimit = endpoint({
  ...shared,
  method: 'DELETE',
  path: `${PATH}/:key`,
  summary: 'Reset a rate limit',
  description: 'Limits on guesses and messages for every process on the database, those on requests for this process.',
  responses: { 204: Type.Void(), ...errors(401, 403, 404) },
  handle: async ({ core, caller: admin, params }) => {
    await core.resetLimit({ admin, ...partsOf(params.key) })
    return status(204)
  },
})

const keyOf = (rule: string, key: string) => Buffer.from(JSON.stringify([rule, key])).toString('base64url')

function partsOf(text: string): { rule: string; key: string } {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    const [rule, key] = Array.isArray(parts) ? parts : []
    if (typeof rule === 'string' && typeof key === 'string') return { rule, key }
  } catch {}
  throw new Refusal('limit_unknown')
}
