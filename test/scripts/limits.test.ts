/** docs/limits.md has every setting that limits something. */
import { expect, test } from 'bun:test'
import { printLimits } from '../../scripts/docs/limits'
import { duration } from '../../scripts/docs/limits/values'
import { areas } from '../../src/config'
import type { Setting } from '../../src/config/setting'

const page = printLimits()

const isTime = ({ kind, unit }: Setting<unknown>) => kind.name === 'duration' || unit === 'seconds'
const limiting = [
  ...Object.values<Setting<unknown>>(areas.limits),
  ...[areas.tokens, areas.sessions, areas.accounts, areas.mfa, areas.federation].flatMap((area) =>
    Object.values<Setting<unknown>>(area).filter(isTime),
  ),
]
  .map(({ names }) => names[0])
  .filter((name) => name !== 'AUTH_RATE_LIMITS')

test('there are settings to look for', () => expect(limiting.length).toBeGreaterThan(25))

test.each(limiting)('%s is on the page', (name) => {
  expect(page).toContain(`\`${name}\``)
})

test('durations are written in the largest unit that is exact', () => {
  expect([0, 1000, 60_000, 90_000, 86_400_000, 172_800_000, 86_700_000].map(duration)).toEqual([
    '0 seconds',
    '1 second',
    '1 minute',
    '90 seconds',
    '24 hours',
    '2 days',
    '24 hours and 5 minutes',
  ])
})
