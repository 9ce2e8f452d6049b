/** A refusal, and the details that belong to its reason. */
import { expect, test } from 'bun:test'
import { Refusal, refusalIn } from '../../../src/core/kernel/refusal'
import { Unavailable } from '../../../src/lib/unavailable'

test('a refusal carries its reason and details', () => {
  const refusal = new Refusal('mail_too_soon', { waitMs: 1000, limit: 'AUTH_SMTP_MAX_FREQUENCY' })
  expect([refusal.reason, refusal.message]).toEqual(['mail_too_soon', 'mail_too_soon'])
  expect(refusal.detail).toEqual({ waitMs: 1000, limit: 'AUTH_SMTP_MAX_FREQUENCY' })
  expect(new Refusal('user_gone').detail).toEqual({})
})

test('the compiler refuses a detail that is missing, or that its reason does not have', () => {
  // @ts-expect-error: a reason that needs an explanation
  expect(new Refusal('token_invalid').detail).toEqual({})
  // @ts-expect-error: a reason that says everything
  expect(new Refusal('user_gone', { detail: 'yesterday' }).reason).toBe('user_gone')
  // @ts-expect-error: the detail of another reason
  expect(new Refusal('password_weak', { detail: 'short' }).reason).toBe('password_weak')
})

test('an unavailable server is refused with its problem, and a fault is no refusal', () => {
  expect(refusalIn(new Unavailable('disk_full'))).toMatchObject({
    reason: 'unavailable',
    detail: { detail: 'the disk is full', retryAfterMs: 1000 },
  })
  expect(refusalIn(new Error('a fault'))).toBeUndefined()
})
