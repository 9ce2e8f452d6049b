/** Verification SMS with a code, one for each purpose: the counterpart of `verification-mail.ts`. */
import type { User } from '../../store'
import { auditEntry } from '../kernel/audit'
import type { Context } from '../kernel/context'
import { changeAndSend } from './send-after-storing'
import { type Channel, prepareSms } from './sms'
import { withSendCooldown } from './verification-mail'

export interface ConfirmationSms {
  user: User
  phone: string
  channel: Channel
  /** Further columns to change with it. */
  set?: Partial<User>
}

/** Sends the code that confirms a number or signs in with it. */
export async function sendConfirmationSms(context: Context, { user, phone, channel, set = {} }: ConfirmationSms) {
  const { cooldownMs } = context.policy.sms
  const lastSend = { column: 'confirmationSentAt' as const, sentAt: user.confirmationSentAt, cooldownMs }
  return withSendCooldown(
    context,
    { user, lastSend, refusal: 'sms_too_soon' },
    async (current, { unlessSentSince, tooSoon }) => {
      const { now } = current
      const sms = prepareSms(current, { kind: 'phone_confirmation', phone, user, channel })
      const { account, messageId } = await changeAndSend(current, {
        ...{ user, now, outgoing: sms, tooSoon },
        pending: { set, unlessSentSince, mint: [sms.token.minting] },
        sent: { set: { confirmationSentAt: now }, audit: [auditEntry(current, 'user_confirmation_requested', user)] },
      })
      return { account, messageId: messageId ?? sms.messageId }
    },
  )
}

/** Sends the code that a password change may require. */
export async function sendReauthenticationSms(
  context: Context,
  { user, phone, channel }: Omit<ConfirmationSms, 'set'>,
) {
  const { cooldownMs } = context.policy.sms
  const lastSend = { column: 'reauthenticationSentAt' as const, sentAt: user.reauthenticationSentAt, cooldownMs }
  return withSendCooldown(
    context,
    { user, lastSend, refusal: 'sms_too_soon' },
    async (current, { unlessSentSince, tooSoon }) => {
      const { now } = current
      const sms = prepareSms(current, { kind: 'reauthentication', phone, user, channel })
      const { messageId } = await changeAndSend(current, {
        ...{ user, now, outgoing: sms, tooSoon },
        pending: { set: {}, unlessSentSince, mint: [sms.token.minting] },
        sent: {
          set: { reauthenticationSentAt: now },
          audit: [auditEntry(current, 'user_reauthenticate_requested', user)],
        },
      })
      return { messageId: messageId ?? sms.messageId }
    },
  )
}
