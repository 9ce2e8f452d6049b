/** Events of accounts for the operator's server (docs/events.md). */
import { EVENT_TYPES } from '../lib/event-types'
import { DAY } from '../lib/milliseconds'
import { hookSecrets, webhookUrl } from './hooks'
import { field } from './policy-field'
import { setting } from './setting'
import { duration, list, type ValueType } from './value-types'

/** Types of events; `user.*` stands for all that begin with `user.`. */
const eventTypes: ValueType<string[]> = {
  ...list,
  name: 'list of event types',
  parse(value) {
    const given = list.parse(value)
    const unknown = given.filter((each) => matching(each).length === 0)
    if (unknown.length > 0)
      throw new Error(
        `a comma-separated list of ${EVENT_TYPES.join(', ')}, or user.* for all that begin so (${unknown[0]} is none)`,
      )
    return EVENT_TYPES.filter((type) => given.some((each) => matching(each).includes(type)))
  },
}

const matching = (text: string): string[] =>
  EVENT_TYPES.filter((type) => type === text || (text.endsWith('.*') && type.startsWith(text.slice(0, -1))))

export const events = {
  url: setting({
    name: 'EVENTS_URL',
    kind: webhookUrl,
    defaultNote: 'none',
    doc: 'URL that receives an event whenever an account changes (docs/events.md). Without it, there are no events.',
  }),
  secrets: setting({
    name: 'EVENTS_SECRETS',
    kind: hookSecrets,
    secret: true,
    doc: 'Secrets for signing events (Standard Webhooks), of the form `v1,whsec_<base64>`, separated by `|`.',
  }),
  types: setting({
    name: 'EVENTS_TYPES',
    kind: eventTypes,
    defaultNote: 'all',
    doc: 'Types of events to send, for example `user.*,factor.verified`.',
  }),
  retentionMs: setting({
    name: 'EVENTS_RETENTION',
    kind: duration(DAY / 24),
    default: 7 * DAY,
    feeds: field('retention.eventsMs'),
    doc: 'How long delivered and failed events are kept, and can be replayed.',
  }),
}
