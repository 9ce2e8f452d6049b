import { expect, test } from 'bun:test'
import { policyOf } from '../../src/compose/policy'
import { load } from '../../src/config/load'
import { EVENT_TYPES } from '../../src/lib/event-types'

const URL = { AUTH_EVENTS_URL: 'https://backend.example.com/events' }
const SECRETS = { AUTH_EVENTS_SECRETS: 'v1,whsec_c2VjcmV0LXNlY3JldA==|v1,whsec_b3RoZXItc2VjcmV0' }

const errorsOf = (set: Record<string, string>) =>
  load({ set }).problems.flatMap(({ severity, message }) =>
    severity === 'error' ? [message.replace(/ \(flag .*?\)/, '')] : [],
  )

test('without a URL there are no events', () => {
  expect(policyOf(load({ set: {} }).settings).events).toBeUndefined()
  expect(policyOf(load({ set: SECRETS }).settings).events).toBeUndefined()
})

test('events have a URL, keys, and by default all types', () => {
  const { settings } = load({ set: { ...URL, ...SECRETS } })
  expect(policyOf(settings)).toMatchObject({
    events: {
      url: 'https://backend.example.com/events',
      secrets: [Buffer.from('secret-secret'), Buffer.from('other-secret')],
      types: new Set(EVENT_TYPES),
    },
    retention: { eventsMs: 7 * 86_400_000 },
  })
})

test('types are chosen one by one, or all that begin alike', () => {
  const chosen = (text: string) => [
    ...(policyOf(load({ set: { ...URL, ...SECRETS, AUTH_EVENTS_TYPES: text } }).settings).events?.types ?? []),
  ]
  expect(chosen('factor.*, user.created')).toEqual([
    'user.created',
    'factor.enrolled',
    'factor.verified',
    'factor.removed',
  ])
})

test.each([
  ['a URL without secrets', URL, 'AUTH_EVENTS_URL needs AUTH_EVENTS_SECRETS'],
  ['http to another host', { ...SECRETS, AUTH_EVENTS_URL: 'http://backend.example.com' }, 'AUTH_EVENTS_URL must be'],
  ['a function', { ...SECRETS, AUTH_EVENTS_URL: 'pg-functions://postgres/public/f' }, 'AUTH_EVENTS_URL must be'],
  ['no URL', { ...SECRETS, AUTH_EVENTS_URL: 'backend' }, 'AUTH_EVENTS_URL must be'],
  [
    'a secret of another form',
    { ...URL, AUTH_EVENTS_SECRETS: 'whsec_c2VjcmV0LXNlY3JldA==' },
    'AUTH_EVENTS_SECRETS must be',
  ],
  ['an unknown type', { ...URL, ...SECRETS, AUTH_EVENTS_TYPES: 'user.created,user.born' }, 'user.born is none'],
  ['a pattern that fits nothing', { ...URL, ...SECRETS, AUTH_EVENTS_TYPES: 'session.*' }, 'session.* is none'],
  ['no retention', { ...URL, ...SECRETS, AUTH_EVENTS_RETENTION: '0' }, 'AUTH_EVENTS_RETENTION must be'],
])('%s is an error', (_, set, problem) => {
  expect(errorsOf(set)[0]).toContain(problem)
})
