/** Verification SMS with a code, one for each purpose: the counterpart of `verification-mail.ts`. */
import type { Account, DroppedSignUp, SentAtColumn, User } from '../../store'
import { type Action, auditEntry } from '../kernel/audit'
import type { Context } from '../kernel/context'
import { withSendCooldown } from './send-cooldown'
import { type Channel, prepareSms } from './sms'
import { sendAndRecord } from './store-then-send'

const PURPOSES = {
  /** Confirms a number, or signs in with it. */
  phone_confirmation: { column: 'confirmationSentAt', action: 'user_confirmation_requested' },
  /** A password change may require it. */
  reauthentication: { column: 'reauthenticationSentAt', action: 'user_reauthenticate_requested' },
} satisfies Record<string, { column: SentAtColumn; action: Action }>

export interface VerificationSms {
  purpose: keyof typeof PURPOSES
  user: User
  phone: string
  channel: Channel
  /** Data of an unconfirmed sign-up that the request removes. */
  dropped?: DroppedSignUp
}

/** Sends a code to the number of an account. */
export async function sendVerificationSms(
  context: Context,
  { purpose, user, phone, channel, dropped = {} }: VerificationSms,
): Promise<{ account: Account; messageId: string | undefined }> {
  const { column, action } = PURPOSES[purpose]
  const { cooldownMs } = context.policy.sms
  const lastSend = { column, sentAt: user[column] }
  return withSendCooldown(context, { user, channel: 'sms', lastSend }, async (current, tooSoon) => {
    const sms = await prepareSms(current, { kind: purpose, phone, user, channel })
    const { account, messageId } = await sendAndRecord(current, {
      user,
      outgoing: sms,
      request: { column, cooldownMs, mint: [sms.token.minting], flow: undefined, pending: dropped },
      requestSession: undefined,
      tooSoon,
      audit: [auditEntry(current, action, user)],
    })
    return { account, messageId: messageId ?? sms.messageId }
  })
}
