/** Codes by SMS, each for one purpose: the counterpart of `mailed-tokens.ts`. */
import type { User } from '../../store'
import { auditEntry } from '../audit'
import type { Client, Deps } from '../deps'
import { changedAccount } from '../outcomes'
import { inItsTurn } from './mailed-tokens'
import { type Channel, sendSms } from './sms'

export interface TextedConfirmation {
  user: User
  phone: string
  channel: Channel
  client: Client
  /** Further columns that change with it. */
  set?: Partial<User>
}

/**
 * Sends the code with which a number is confirmed or signed in with.
 * @throws {Refusal<'sms_too_soon' | 'sms_failed' | 'sms_unavailable' | 'sms_limit_reached'>}
 */
export async function textConfirmation(deps: Deps, { user, phone, channel, client, set = {} }: TextedConfirmation) {
  const now = deps.clock.now()
  const { spacingMs } = deps.policy.sms
  const spaced = { column: 'confirmationSentAt' as const, sentAt: user.confirmationSentAt, spacingMs }
  return inItsTurn(deps, now, { user, spaced, refusal: 'sms_too_soon' }, async ({ unlessSentSince, tooSoon }) => {
    const sms = await sendSms(deps, now, { kind: 'phone_confirmation', phone, user, channel, client })
    const changed = await deps.store.changeUser({
      ...{ id: user.id, now, unlessSentSince, messages: sms.messages },
      set: { ...set, confirmationSentAt: now },
      mint: [sms.token.minting],
      audit: [auditEntry(deps, now, 'user_confirmation_requested', user)],
    })
    return { account: changedAccount(changed, tooSoon), messageId: sms.messageId }
  })
}

/** Sends the code that a password change may ask for. @throws as `textConfirmation` */
export async function textReauthentication(
  deps: Deps,
  { user, phone, channel, client }: Omit<TextedConfirmation, 'set'>,
) {
  const now = deps.clock.now()
  const { spacingMs } = deps.policy.sms
  const spaced = { column: 'reauthenticationSentAt' as const, sentAt: user.reauthenticationSentAt, spacingMs }
  return inItsTurn(deps, now, { user, spaced, refusal: 'sms_too_soon' }, async ({ unlessSentSince, tooSoon }) => {
    const sms = await sendSms(deps, now, { kind: 'reauthentication', phone, user, channel, client })
    const changed = await deps.store.changeUser({
      ...{ id: user.id, now, unlessSentSince, messages: sms.messages },
      set: { reauthenticationSentAt: now },
      mint: [sms.token.minting],
      audit: [auditEntry(deps, now, 'user_reauthenticate_requested', user)],
    })
    changedAccount(changed, tooSoon)
    return { messageId: sms.messageId }
  })
}
