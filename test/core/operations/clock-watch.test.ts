/** Reports about a wall clock that is wrong or was set. */
import { expect, test } from 'bun:test'
import { clockWatch } from '../../../src/core/operations/clock-watch'
import { roleKeyProblem, roleKeysSince } from '../../../src/core/tokens/api-keys'
import { DAY, HOUR, MINUTE } from '../../../src/lib/milliseconds'
import { claimsOf, startApp } from '../../support/app'
import { testClock } from '../../support/fakes'

const NOW = '2026-06-01T00:00:00Z'

function start({ now = NOW, builtAt = 0, latestAt }: { now?: string; builtAt?: number; latestAt?: number } = {}) {
  const clock = testClock(now)
  const reports: string[] = []
  const watch = clockWatch({ clock, builtAt, latestAt, report: (_level, message) => reports.push(message) })
  return { clock, reports, watch }
}

test('a correct clock is not reported', () => {
  const { clock, reports, watch } = start({ latestAt: Date.parse(NOW) })
  for (let look = 0; look < 100; look++) {
    clock.advance(HOUR)
    clock.jump(50) // drift
    expect(watch.compare()).toEqual({ state: 'ok' })
  }
  expect([reports, watch.isSettled()]).toEqual([[], true])
})

test('a jump is logged once, shown for ten minutes, and nothing is deleted for an hour', () => {
  const { clock, reports, watch } = start()
  clock.jump(DAY)
  expect(watch.compare()).toMatchObject({ state: 'jumped', reason: expect.stringContaining('forward by 24 hours') })
  clock.advance(MINUTE)
  clock.jump(-DAY)
  expect(watch.compare()).toMatchObject({ state: 'jumped', reason: expect.stringContaining('set back by 24 hours') })
  clock.advance(10 * MINUTE)
  expect([watch.compare(), watch.isSettled(), reports.length]).toEqual([{ state: 'ok' }, false, 2])
  clock.advance(50 * MINUTE)
  expect(watch.isSettled()).toBe(true)
})

test('a clock before the build, or before what is stored, is reported; one that was never set is fatal', () => {
  const built = start({ builtAt: Date.parse(NOW) + 2 * DAY })
  expect(built.watch.compare()).toMatchObject({ state: 'behind', reason: expect.stringContaining('was built') })
  const stored = start({ latestAt: Date.parse(NOW) + DAY })
  expect(stored.watch.compare()).toMatchObject({ state: 'behind', reason: expect.stringContaining('database') })
  stored.clock.advance(DAY)
  expect(stored.watch.compare()).toEqual({ state: 'ok' })
  const unset = start({ now: '1970-01-01T00:00:10Z' })
  expect(unset.watch.compare()).toMatchObject({ state: 'unset', isFatal: true })
  expect([built, stored, unset].map(({ reports }) => reports.length)).toEqual([1, 1, 1])
})

test('a server that finds only old rows deletes nothing for an hour', () => {
  const { clock, watch } = start({ latestAt: Date.parse(NOW) - 365 * DAY })
  expect(watch.isSettled()).toBe(false)
  clock.advance(HOUR)
  expect(watch.isSettled()).toBe(true)
})

test('/ready reports problems with the clock, and fails while it was never set', async () => {
  await using app = await startApp({ now: '1970-01-01T00:00:10Z' })
  expect(await app.ask('GET', '/ready')).toMatchObject({ status: 503, body: { checks: { clock: 'unset' } } })
  app.clock.jump(Date.parse(NOW))
  app.clock.advance(1000)
  expect(await app.ask('GET', '/ready')).toMatchObject({ status: 200, body: { checks: { clock: 'jumped' } } })
  app.clock.advance(11 * MINUTE)
  expect(await app.ask('GET', '/ready')).toMatchObject({ status: 200, body: { checks: { clock: 'ok' } } })
})

test('an anonymous account outlives a clock that ran a year ahead for a moment', async () => {
  await using app = await startApp({ settings: { AUTH_EXTERNAL_ANONYMOUS_USERS_ENABLED: 'true' } })
  const { body } = await app.ask('POST', '/auth/v1/signup', { body: {} })
  app.clock.jump(365 * DAY)
  expect(Object.values(await app.core.forTask().sweep()).every((removed) => removed === 0)).toBe(true)
  app.clock.jump(-365 * DAY)
  expect((await app.ask('GET', '/auth/v1/user', { token: body.access_token })).status).toBe(200)
})

test('a restart with an earlier clock is reported', async () => {
  await using app = await startApp({ now: NOW })
  await app.signUp()
  const { folder } = app
  await using again = await startApp({ folder, now: '2026-05-01T00:00:00Z' })
  expect((await again.ask('GET', '/ready')).body).toMatchObject({ status: 'ok', checks: { clock: 'behind' } })
  expect(again.log()).toContainEqual(
    expect.objectContaining({ level: 'warn', msg: expect.stringContaining('the clock reads') }),
  )
})

test('role keys made with a wrong clock are valid and stay unchanged', async () => {
  const year = (text: string) => Date.parse(text)
  const now = year(NOW)
  expect(roleKeysSince(year('2026-03-01T00:00:00Z'), now)).toBe(year('2026-03-01T00:00:00Z'))
  for (const wrong of [0, year('1970-01-01T00:01:00Z'), year('2038-01-01T00:00:00Z')]) {
    const since = roleKeysSince(wrong, now)
    expect([roleKeyProblem(since, now), roleKeysSince(wrong, now + 300 * DAY)]).toEqual([undefined, since])
  }
  // A clock that is wrong now does not change the keys.
  expect(roleKeysSince(year('2026-03-01T00:00:00Z'), 0)).toBe(year('2026-03-01T00:00:00Z'))
  expect(roleKeyProblem(year('2026-03-01T00:00:00Z'), 0)).toContain('the clock of this machine says 1970-01-01')
  expect(roleKeyProblem(year('2026-03-01T00:00:00Z'), year('2037-01-01T00:00:00Z'))).toContain('expired on')
  await using app = await startApp({ now: '1970-01-01T00:00:10Z' })
  const { iat, exp } = claimsOf(app.keys.anon)
  expect([iat * 1000 <= now, exp * 1000 > now]).toEqual([true, true])
})
