/** Codes by SMS: fixed ones of test numbers, the hook, a provider, or the mailbox. */
import type { NewMessage, User, VerificationKind } from '../../store'
import type { Client, Deps } from '../deps'
import { callHook } from '../hooks/hooks'
import { Refusal } from '../refusal'
import { type MintedToken, mint } from '../tokens/verification-token'
import { hookUser } from './mail'
import { newMessage } from './messages'

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

export interface SentSms extends Delivered {
  token: MintedToken
}

/**
 * Sends a code. It is stored, with the message where there is one, by the operation that it belongs to.
 * @throws {Refusal<'sms_unavailable' | 'sms_failed' | 'sms_limit_reached'>} or what the hook refused with
 */
export async function sendSms(deps: Deps, now: number, { kind, phone, ...rest }: Sms): Promise<SentSms> {
  const fixed = testCode(deps, phone, now)
  const token = mint(deps, now, {
    ...{ kind, family: 'supabase', to: { phone }, userId: rest.user.id },
    code: fixed === undefined ? 'random' : { fixed },
  })
  const { code } = token
  const text = deps.policy.sms.template.replace(CODE_ACTION, code)
  const { expiresAt } = token.minting.token
  const delivered = await deliverCode(deps, now, { ...rest, kind, said: SAID_OF[kind], phone, code, text, expiresAt })
  return { token, ...delivered }
}

/** Where a template wants the code. */
export const CODE_ACTION = /\{\{-?\s*\.Code\s*-?\}\}/g

const SAID_OF: Record<Sms['kind'], string> = {
  phone_confirmation: 'confirmation',
  phone_change: 'phone_change',
  reauthentication: 'reauthentication',
}

export interface TextedCode extends Omit<Sms, 'kind'> {
  /** What the mailbox calls it, and what an error says that it was. */
  kind: string
  said: string
  code: string
  text: string
  /** What a hook is told that the code is for, where it is no sign-in. */
  smsType?: 'mfa'
  expiresAt: number
}

export interface Delivered {
  /** To be stored, where it goes to the mailbox. */
  messages: NewMessage[]
  /** The provider's id of the message, where there is one. */
  messageId: string | undefined
}

/** Hands a code to whoever sends SMS. @throws as `sendSms` */
export async function deliverCode(deps: Deps, now: number, texted: TextedCode): Promise<Delivered> {
  const { policy, limits, smsProvider } = deps
  const { kind, said, phone, code, text, smsType, user, channel, client, expiresAt } = texted
  const { way } = policy.sms
  if (testCode(deps, phone, now) !== undefined) return { messages: [], messageId: 'test-otp' }
  if (way !== 'mailbox') limits.recipient(phone)
  limits.sms()
  if (way === 'hook' && policy.hooks.sendSms) {
    const payload = { user: hookUser(user), sms: { otp: code, phone, ...(smsType && { sms_type: smsType }) } }
    await callHook(deps, policy.hooks.sendSms, { name: 'send-sms', payload, client })
    return { messages: [], messageId: undefined }
  }
  if (way === 'provider' && smsProvider) {
    const sent = await smsProvider.send({ phone, text, code, channel })
    if (sent.outcome === 'sent') return { messages: [], messageId: sent.id }
    throw new Refusal('sms_failed', { detail: `${said} OTP to provider: ${sent.error}` })
  }
  if (way !== 'mailbox') throw new Refusal('sms_unavailable')
  const content = { subject: '', html: null, text, code, links: [] }
  const draft = { channel: 'sms' as const, template: kind, to: phone, content, isSent: false, expiresAt }
  return { messages: [newMessage(deps, now, draft)], messageId: undefined }
}

/** The code that is always right for a test number. */
export function testCode({ policy }: Pick<Deps, 'policy'>, phone: string, now: number): string | undefined {
  const { testCodes, testCodesUntil } = policy.sms
  return testCodesUntil !== undefined && now > testCodesUntil ? undefined : testCodes[phone]
}
