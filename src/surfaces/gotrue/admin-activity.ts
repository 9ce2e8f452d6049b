/** Counts of what happened, in the admin API (docs/admin-api.md#activity). */
import { Type } from '@sinclair/typebox'
import type { EventCount } from '../../core'
import { endpoint } from '../../http/endpoint'
import { oneOf } from '../../http/schemas'
import { goTime } from '../../lib/rfc3339'
import { choiceOf, instantOf } from './cursor'
import { errors } from './schemas'

const time = () => Type.String({ format: 'date-time' })

const ActivityShape = Type.Object(
  {
    step: oneOf(['hour', 'day']),
    since: time(),
    until: time(),
    series: Type.Array(
      Type.Object({
        kind: oneOf(['sign_up', 'sign_in', 'refresh', 'refusal', 'mail', 'sms']),
        label: Type.String(),
        points: Type.Array(
          Type.Object({
            at: Type.String({ format: 'date-time', description: 'Beginning of the hour or day, in UTC.' }),
            count: Type.Integer(),
          }),
        ),
      }),
    ),
  },
  { $id: 'Activity' },
)

export const showActivity = endpoint({
  method: 'GET',
  path: '/admin/activity',
  access: 'admin',
  allowsTrailingSlash: true,
  query: {
    since: Type.Optional(time()),
    until: Type.Optional(time()),
    step: Type.Optional(Type.String({ enum: ['hour', 'day'], default: 'hour' })),
  },
  tag: 'Administration',
  summary: 'How often things happened, by hour or day',
  description:
    'Without `since`, the last 24 hours or 30 days; at most 32 days of hours or 400 days. Steps without events are left out.',
  responses: { 200: ActivityShape, ...errors(400, 401, 403) },
  handle: async ({ core, query }) => {
    const { step, since, until, counts } = await core.showActivity({
      step: choiceOf('step', query.step, ['hour', 'day']) ?? 'hour',
      since: instantOf('since', query.since),
      until: instantOf('until', query.until),
    })
    return { step, since: goTime(since), until: goTime(until), series: seriesOf(counts) }
  },
})

function seriesOf(counts: readonly EventCount[]) {
  const series = new Map<string, { kind: string; label: string; points: { at: string; count: number }[] }>()
  for (const { at, kind, label, count } of counts) {
    const key = `${kind} ${label}`
    const own = series.get(key) ?? { kind, label, points: [] }
    own.points.push({ at: goTime(at), count })
    series.set(key, own)
  }
  return [...series].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, each]) => each)
}
