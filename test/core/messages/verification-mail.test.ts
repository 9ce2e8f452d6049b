/** The cooldown between two messages with one purpose, where requests overlap. */
import { expect, test } from 'bun:test'
import { contextFactory, type Deps, NO_CLIENT } from '../../../src/core/kernel/context'
import type { Policy } from '../../../src/core/kernel/policy'
import { rateLimits } from '../../../src/core/kernel/rate-limits'
import { Refusal } from '../../../src/core/kernel/refusal'
import { withSendCooldown } from '../../../src/core/messages/send-cooldown'
import { MINUTE } from '../../../src/lib/milliseconds'
import { testClock } from '../../support/fakes'

const POLICY = { limits: { enabled: false }, signup: {}, mail: { cooldownMs: MINUTE } } as unknown as Policy

function start() {
  const clock = testClock('2026-01-01T00:00:00Z')
  const contextOf = contextFactory({ clock, policy: POLICY, limits: rateLimits(POLICY, clock) } as unknown as Deps)
  const send = (context: ReturnType<typeof contextOf>, sentAt: number | null) =>
    withSendCooldown(
      context,
      {
        user: { id: 'ada' },
        channel: 'mail',
        lastSend: { column: 'recoverySentAt', sentAt },
      },
      async (current) => current.now,
    )
  return { clock, begin: () => contextOf(() => NO_CLIENT), send }
}

const reasonOf = (sent: Promise<unknown>) =>
  sent.then(
    () => 'sent',
    (error: unknown) => (error instanceof Refusal ? error.reason : error),
  )

test('a request that arrived before another one sent a message, and comes after it, is too soon', async () => {
  const { clock, begin, send } = start()
  const early = begin()
  clock.advance(5)
  const sentAt = await send(begin(), null)
  expect(await reasonOf(send(early, sentAt))).toBe('mail_too_soon')
  clock.advance(MINUTE)
  expect(await reasonOf(send(early, sentAt))).toBe('sent')
})

test('while one message is being sent, another one is too soon', async () => {
  const { begin, send } = start()
  const outcomes = await Promise.all([reasonOf(send(begin(), null)), reasonOf(send(begin(), null))])
  expect(outcomes).toEqual(['sent', 'mail_too_soon'])
})
