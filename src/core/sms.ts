/** Codes by SMS: fixed ones of test numbers, the hook, a provider, or the mailbox. */
import type { NewMessage, User, VerificationKind } from '../store'
import type { Client, Deps } from './deps'
import { callHook } from './hooks'
import { hookUser } from './mail'
import { newMessage } from './messages'
import { Refusal } from './refusal'
import { type MintedToken, mint } from './verification'

export type Channel = 'sms' | 'whatsapp'

/** @throws {Refusal<'sms_channel_unknown'>} */
export function channelOf({ policy }: Pick<Deps, 'policy'>, channel: string | undefined): Channel {
  // a hook may know ways of its own
  if (!channel || channel === 'sms' || policy.sms.way === 'hook') return 'sms'
  if (channel === 'whatsapp' && policy.sms.allowsWhatsapp) return 'whatsapp'
  throw new Refusal('sms_channel_unknown')
}

export interface Sms {
  kind: VerificationKind & ('phone_confirmation' | 'phone_change' | 'reauthentication')
  /** E.164 digits. */
  phone: string
  user: User
  channel: Channel
  client: Client | undefined
}

export interface SentSms {
  token: MintedToken
  messages: NewMessage[]
  /** The provider's id of the message, where there is one. */
  messageId: string | undefined
}

/**
 * Sends a code. It is stored, with the message where there is one, by the operation that it belongs to.
 * @throws {Refusal<'sms_unavailable' | 'sms_failed' | 'sms_limit_reached'>} or what the hook refused with
 */
export async function sendSms(deps: Deps, now: number, { kind, phone, user, channel, client }: Sms): Promise<SentSms> {
  const { policy, limits, smsProvider } = deps
  const { way } = policy.sms
  const fixed = testCode(deps, phone, now)
  const token = mint(deps, now, {
    ...{ kind, family: 'supabase', to: { phone }, userId: user.id },
    code: fixed === undefined ? 'random' : { fixed },
  })
  if (fixed !== undefined) return { token, messages: [], messageId: 'test-otp' }
  if (way !== 'mailbox') limits.recipient(phone)
  limits.sms()
  const text = policy.sms.template.replace(/\{\{-?\s*\.Code\s*-?\}\}/g, token.code)
  if (way === 'hook' && policy.hooks.sendSms) {
    const payload = { user: hookUser(user), sms: { otp: token.code, phone } }
    await callHook(deps, policy.hooks.sendSms, { name: 'send-sms', payload, client })
    return { token, messages: [], messageId: undefined }
  }
  if (way === 'provider' && smsProvider) {
    const sent = await smsProvider.send({ phone, text, code: token.code, channel })
    if (sent.outcome === 'sent') return { token, messages: [], messageId: sent.id }
    throw new Refusal('sms_failed', { detail: `${SAID_OF[kind]} OTP to provider: ${sent.error}` })
  }
  if (way !== 'mailbox') throw new Refusal('sms_unavailable')
  const content = { subject: '', html: null, text, code: token.code, links: [] }
  const { expiresAt } = token.minting.token
  const draft = { channel: 'sms' as const, template: kind, to: phone, content, isSent: false, expiresAt }
  return { token, messages: [newMessage(deps, now, draft)], messageId: undefined }
}

const SAID_OF: Record<Sms['kind'], string> = {
  phone_confirmation: 'confirmation',
  phone_change: 'phone_change',
  reauthentication: 'reauthentication',
}

/** The code that is always right for a test number. */
export function testCode({ policy }: Pick<Deps, 'policy'>, phone: string, now: number): string | undefined {
  const { testCodes, testCodesUntil } = policy.sms
  return testCodesUntil !== undefined && now > testCodesUntil ? undefined : testCodes[phone]
}
