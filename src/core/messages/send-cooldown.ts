/** Cooldowns between messages with the same purpose to the same account. */
import { isWithin, remainingMs } from '../../lib/time'
import type { SentAtColumn, User } from '../../store'
import { type Context, withCurrentTime } from '../kernel/context'
import { Refusal } from '../kernel/refusal'

interface SendCooldown {
  user: Pick<User, 'id'>
  /** The last message with this purpose. */
  lastSend: LastSend
  refusal: CooldownReason
}

type LastSend = { cooldownMs: number } & (
  | { column: SentAtColumn; sentAt: number | null }
  /** For state without a column of its own: a name for it, and how to look up when the last one was sent. */
  | { name: string; lastSentAt: () => Promise<number | null> }
)

type CooldownReason = 'mail_too_soon' | 'sms_too_soon'

/** The settings of the cooldown. */
export const COOLDOWN_SETTINGS: Record<CooldownReason, string> = {
  mail_too_soon: 'AUTH_SMTP_MAX_FREQUENCY',
  sms_too_soon: 'AUTH_SMS_MAX_FREQUENCY',
}

/** The refusal of a message, by when the last one was sent. */
export type TooSoon = (sentAt: number) => Refusal

export const tooSoonAfter =
  ({ now }: Pick<Context, 'now'>, refusal: CooldownReason, cooldownMs: number): TooSoon =>
  (sentAt) =>
    new Refusal(refusal, { waitMs: remainingMs(sentAt, cooldownMs, now), limit: COOLDOWN_SETTINGS[refusal] })

/**
 * Sends a message unless the last one with its purpose is too recent or another one is being sent.
 * @param work sends the message, in a context with the time that was compared; it refuses with `tooSoon` if the store
 *   finds a later message after all
 */
export async function withSendCooldown<T>(
  context: Context,
  { user, lastSend, refusal }: SendCooldown,
  work: (current: Context, tooSoon: TooSoon) => Promise<T>,
): Promise<T> {
  // A concurrent request that arrived earlier may reach this point later.
  const current = withCurrentTime(context)
  const { limits, now } = current
  const { cooldownMs } = lastSend
  const tooSoon = tooSoonAfter(current, refusal, cooldownMs)
  const requireElapsed = (sentAt: number | null) => {
    if (isWithin(sentAt, cooldownMs, now)) throw tooSoon(sentAt)
  }
  if ('column' in lastSend) requireElapsed(lastSend.sentAt)
  const done = await limits.exclusive(`${'column' in lastSend ? lastSend.column : lastSend.name} ${user.id}`)
  if (!done) throw tooSoon(now)
  try {
    if ('name' in lastSend) requireElapsed(await lastSend.lastSentAt())
    return await work(current, tooSoon)
  } finally {
    await done()
  }
}
