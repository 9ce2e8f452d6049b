import type { Context } from '../kernel/context'

/** Counts a message that a hook delivers: as sent, or as failed if the call throws. */
export async function countDelivery(
  { activity }: Context,
  channel: 'mail' | 'sms',
  deliver: () => Promise<unknown>,
): Promise<void> {
  try {
    await deliver()
  } catch (error) {
    activity.count(channel, 'failed')
    throw error
  }
  activity.count(channel, 'sent')
}
