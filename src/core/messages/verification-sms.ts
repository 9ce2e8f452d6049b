/** Verification SMS with a code, one for each purpose: the counterpart of `verification-mail.ts`. */
import type { User } from '../../store'
import { auditEntry } from '../audit'
import type { Client, Deps } from '../deps'
import { changeAndSend } from './send-after-storing'
import { type Channel, prepareSms } from './sms'
import { withSendCooldown } from './verification-mail'

export interface ConfirmationSms {
  user: User
  phone: string
  channel: Channel
  client: Client
  /** Further columns to change with it. */
  set?: Partial<User>
}

/**
 * Sends the code that confirms a number or signs in with it.
 * @throws {Refusal<'sms_too_soon' | 'sms_failed' | 'sms_unavailable' | 'sms_limit_reached'>}
 */
export async function sendConfirmationSms(deps: Deps, { user, phone, channel, client, set = {} }: ConfirmationSms) {
  const now = deps.clock.now()
  const { cooldownMs } = deps.policy.sms
  const lastSend = { column: 'confirmationSentAt' as const, sentAt: user.confirmationSentAt, cooldownMs }
  return withSendCooldown(
    deps,
    now,
    { user, lastSend, refusal: 'sms_too_soon' },
    async ({ unlessSentSince, tooSoon }) => {
      const sms = prepareSms(deps, now, { kind: 'phone_confirmation', phone, user, channel, client })
      const { account, messageId } = await changeAndSend(deps, {
        ...{ user, now, outgoing: sms, tooSoon },
        pending: { set, unlessSentSince, mint: [sms.token.minting] },
        sent: { set: { confirmationSentAt: now }, audit: [auditEntry(deps, now, 'user_confirmation_requested', user)] },
      })
      return { account, messageId: messageId ?? sms.messageId }
    },
  )
}

/** Sends the code that a password change may require. @throws as `sendConfirmationSms` */
export async function sendReauthenticationSms(
  deps: Deps,
  { user, phone, channel, client }: Omit<ConfirmationSms, 'set'>,
) {
  const now = deps.clock.now()
  const { cooldownMs } = deps.policy.sms
  const lastSend = { column: 'reauthenticationSentAt' as const, sentAt: user.reauthenticationSentAt, cooldownMs }
  return withSendCooldown(
    deps,
    now,
    { user, lastSend, refusal: 'sms_too_soon' },
    async ({ unlessSentSince, tooSoon }) => {
      const sms = prepareSms(deps, now, { kind: 'reauthentication', phone, user, channel, client })
      const { messageId } = await changeAndSend(deps, {
        ...{ user, now, outgoing: sms, tooSoon },
        pending: { set: {}, unlessSentSince, mint: [sms.token.minting] },
        sent: {
          set: { reauthenticationSentAt: now },
          audit: [auditEntry(deps, now, 'user_reauthenticate_requested', user)],
        },
      })
      return { messageId: messageId ?? sms.messageId }
    },
  )
}
