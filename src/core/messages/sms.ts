/** Codes by SMS: fixed codes of test numbers, the hook, a provider, or the mailbox. */
import type { NewMessage, User, VerificationKind } from '../../store'
import { callHook } from '../hooks/call-hook'
import { hookUser } from '../hooks/hook-user'
import { withCallSlot } from '../kernel/call-slots'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { testCode } from '../tokens/sms-codes'
import { type MintedToken, mintToken } from '../tokens/verification-token'
import { countDelivery } from './count-delivery'
import { newMessage, type Outgoing } from './messages'

export type Channel = 'sms' | 'whatsapp'

export function channelOf({ policy }: Pick<Context, 'policy'>, channel: string | undefined): Channel {
  // a hook may support other channels
  if (!channel || channel === 'sms' || policy.sms.delivery === 'hook') return 'sms'
  if (channel === 'whatsapp' && policy.sms.allowsWhatsapp) return 'whatsapp'
  throw new Refusal('sms_channel_unknown')
}

export interface Sms {
  kind: VerificationKind & ('phone_confirmation' | 'phone_change' | 'reauthentication')
  /** E.164 digits. */
  phone: string
  user: User
  channel: Channel
}

export interface PreparedSms extends PreparedCode {
  token: MintedToken
}

/**
 * Prepares an SMS with a code. Its token, and the message if there is one, are stored by the operation they belong to;
 * then it is sent (`store-then-send.ts`).
 */
export async function prepareSms(context: Context, { kind, phone, ...rest }: Sms): Promise<PreparedSms> {
  const fixed = testCode(context, phone)
  const token = mintToken(context, {
    kind,
    family: 'supabase',
    to: { phone },
    userId: rest.user.id,
    code: fixed === undefined ? 'random' : { fixed },
  })
  const { code } = token
  const text = context.policy.sms.template.replace(CODE_ACTION, code)
  const { expiresAt } = token.minting.token
  const prepared = await prepareCode(context, {
    ...rest,
    kind,
    label: SMS_LABELS[kind],
    phone,
    code,
    text,
    expiresAt,
  })
  return { token, ...prepared }
}

/** The placeholder for the code in a template. */
export const CODE_ACTION = /\{\{-?\s*\.Code\s*-?\}\}/g

const SMS_LABELS: Record<Sms['kind'], string> = {
  phone_confirmation: 'confirmation',
  phone_change: 'phone_change',
  reauthentication: 'reauthentication',
}

export interface SmsCode extends Omit<Sms, 'kind'> {
  /** Its kind in the mailbox, and its label in errors. */
  kind: string
  label: string
  code: string
  text: string
  /** Purpose of the code for the hook; undefined for a sign-in. */
  smsType?: 'mfa'
  expiresAt: number
}

export interface PreparedCode extends Outgoing {
  /** The message id of an SMS that is not sent, such as one to a test number. */
  messageId?: string
}

/** Sends a code whose challenge is stored. @returns messages to be stored */
export async function deliverCode(context: Context, texted: SmsCode): Promise<NewMessage[]> {
  const { messages, call } = await prepareCode(context, texted)
  await call?.()
  return messages
}

/** For the hook, the provider or the mailbox. */
async function prepareCode(context: Context, texted: SmsCode): Promise<PreparedCode> {
  const { policy, limits, smsProvider, activity } = context
  const { kind, label, phone, code, text, smsType, user, channel, expiresAt } = texted
  const { delivery } = policy.sms
  if (testCode(context, phone) !== undefined) return { messages: [], messageId: 'test-otp' }
  if (delivery !== 'mailbox') await limits.recipient(phone)
  await limits.sms()
  if (delivery === 'hook' && policy.hooks.sendSms) {
    const payload = { user: hookUser(user), sms: { otp: code, phone, ...(smsType && { sms_type: smsType }) } }
    const call = async () => {
      await countDelivery(context, 'sms', () => callHook(context, 'sendSms', payload))
      return undefined
    }
    return { messages: [], call }
  }
  if (delivery === 'provider' && smsProvider) {
    const call = async () => {
      const sent = await withCallSlot(smsProvider, () => smsProvider.send({ phone, text, code, channel }))
      activity.count('sms', sent?.outcome === 'sent' ? 'sent' : 'failed')
      if (sent?.outcome === 'sent') return sent.id
      const error = sent?.error ?? 'too many pending requests to the provider'
      throw new Refusal('sms_failed', { detail: `${label} OTP to provider: ${error}` })
    }
    return { messages: [], call }
  }
  if (delivery !== 'mailbox') throw new Refusal('sms_unavailable')
  const content = { subject: '', html: null, text, code, links: [] }
  const draft = { channel: 'sms' as const, template: kind, to: phone, user, content, isSent: false, expiresAt }
  return { messages: [newMessage(context, draft)] }
}
