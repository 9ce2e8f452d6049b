/**
 * A Custom Access Token hook that fails at random costs no user a sign-in: a user who could get a token before can get one
 * afterwards, once (docs/hooks.md#a-refused-token). A run is repeated by its seed: LATCHKEY_HOOK_SEED=3.
 */
import { expect, test } from 'bun:test'
import { refresh, startApp } from '../../support/app'
import { eachEngine } from '../../support/engines'
import { type HookCall, type Scripted, startHookServer } from '../../support/hook-server'
import { userOf } from '../../support/mail'
import { fakeGitHub } from '../../support/providers'
import { randomOf } from '../../support/schedules'
import { type Outcome, WAYS, WITH_EVERY_WAY } from '../../support/sign-ins'

const given = process.env.LATCHKEY_HOOK_SEED
const seeds = given === undefined ? [1, 2, 3] : [Number(given)]
const ROUNDS = 12
/** Attempts made at once in each round. */
const AT_ONCE = 5

const agree = ({ payload }: HookCall): Scripted => ({ body: { claims: payload.claims } })

const FAILURES: ((call: HookCall) => Scripted)[] = [
  () => ({ body: { error: { http_code: 403, message: 'Not now' } } }),
  () => ({ body: { error: { http_code: 503, message: 'Later' } } }),
  () => ({ status: 500 }),
  () => ({ status: 503, headers: { 'retry-after': '1' } }),
  () => ({ body: {} }),
  () => ({ body: 'not JSON' }),
  () => ({ headers: { 'content-type': 'text/html' } }),
  () => ({ body: { pad: 'x'.repeat(210_000) } }),
  ({ payload }) => ({ body: { claims: { ...payload.claims, sub: 'another' } } }),
  () => 'disconnect',
]

eachEngine(() => {
  test.each(seeds)(
    'hooks fail at random, and no user loses a sign-in, seed %d',
    async (seed) => {
      const random = randomOf(seed)
      const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T
      await using hook = await startHookServer()
      hook.always(agree)
      await using app = await startApp({
        fetchProvider: fakeGitHub('octocat@example.com').fetch,
        settings: { ...WITH_EVERY_WAY, ...hook.settings('CUSTOM_ACCESS_TOKEN') },
      })
      const users: { name: string; attempt: () => Promise<Outcome>; isOnce: boolean; successes: Outcome[] }[] = []
      for (const [index, [name, { begin, isRepeatable = false }]] of Object.entries(WAYS).entries()) {
        const attempt = await begin(app, { email: `user-${index}@example.com`, phone: `1555123${1000 + index}` })
        users.push({ name, attempt, isOnce: !isRepeatable, successes: [] })
      }

      hook.always((call) => (random() < 0.6 ? pick(FAILURES)(call) : agree(call)))
      for (let round = 0; round < ROUNDS; round++) {
        const trying = Array.from({ length: AT_ONCE }, () => pick(users))
        const outcomes = await Promise.all(trying.map((user) => user.attempt()))
        for (const [index, outcome] of outcomes.entries())
          if (outcome.accessToken !== undefined) trying[index]?.successes.push(outcome)
      }

      hook.always(agree)
      for (const { name, attempt, isOnce, successes } of users) {
        const last = await attempt()
        if (last.accessToken !== undefined) successes.push(last)
        // exactly one success, whenever it was
        if (isOnce) expect([name, successes.length, last.error]).toEqual([name, 1, last.error])
        else expect([name, last.accessToken === undefined]).toEqual([name, false])
        const { accessToken = '', refreshToken } = successes.at(-1) as Outcome
        expect([name, (await userOf(app, accessToken)).id]).toEqual([name, expect.any(String)])
        if (refreshToken !== undefined) expect([name, (await refresh(app, refreshToken)).status]).toEqual([name, 200])
      }
    },
    120_000,
  )
})
