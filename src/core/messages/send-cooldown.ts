/** Cooldowns between messages with the same purpose to the same account. */
import { isWithin, remainingMs } from '../../lib/time'
import type { SentAtColumn, User } from '../../store'
import { type Context, withCurrentTime } from '../kernel/context'
import { Refusal } from '../kernel/refusal'

/** How a message is sent, which determines its cooldown. */
export type SendChannel = 'mail' | 'sms'

interface SendCooldown {
  user: Pick<User, 'id'>
  channel: SendChannel
  /** The last message with this purpose. */
  lastSend: LastSend
}

type LastSend =
  | { column: SentAtColumn; sentAt: number | null }
  /** For state without a column of its own: a name for it, and how to look up when the last one was sent. */
  | { name: string; lastSentAt: () => Promise<number | null> }

const REFUSALS = {
  mail: { reason: 'mail_too_soon', setting: 'AUTH_SMTP_MAX_FREQUENCY' },
  sms: { reason: 'sms_too_soon', setting: 'AUTH_SMS_MAX_FREQUENCY' },
} as const satisfies Record<SendChannel, object>

/** The refusal of a message, by when the last one was sent. */
export type TooSoon = (sentAt: number) => Refusal

export const tooSoonOn =
  ({ policy, now }: Pick<Context, 'policy' | 'now'>, channel: SendChannel): TooSoon =>
  (sentAt) => {
    const { reason, setting } = REFUSALS[channel]
    return new Refusal(reason, { waitMs: remainingMs(sentAt, policy[channel].cooldownMs, now), limit: setting })
  }

/** @param sentAt Unix milliseconds; null if there is no last message @throws {Refusal} during the cooldown */
export function requireCooldownElapsed(
  context: Pick<Context, 'policy' | 'now'>,
  channel: SendChannel,
  sentAt: number | null,
): void {
  const { policy, now } = context
  if (isWithin(sentAt, policy[channel].cooldownMs, now)) throw tooSoonOn(context, channel)(sentAt)
}

/**
 * Sends a message unless the last one with its purpose is too recent or another one is being sent.
 * @param work sends the message, in a context with the time that was compared; it refuses with `tooSoon` if the store
 *   finds a later message after all
 */
export async function withSendCooldown<T>(
  context: Context,
  { user, channel, lastSend }: SendCooldown,
  work: (current: Context, tooSoon: TooSoon) => Promise<T>,
): Promise<T> {
  // A concurrent request that arrived earlier may reach this point later.
  const current = withCurrentTime(context)
  const { limits, now } = current
  const tooSoon = tooSoonOn(current, channel)
  if ('column' in lastSend) requireCooldownElapsed(current, channel, lastSend.sentAt)
  const done = await limits.exclusive(`${'column' in lastSend ? lastSend.column : lastSend.name} ${user.id}`)
  if (!done) throw tooSoon(now)
  try {
    if ('name' in lastSend) requireCooldownElapsed(current, channel, await lastSend.lastSentAt())
    return await work(current, tooSoon)
  } finally {
    await done()
  }
}
