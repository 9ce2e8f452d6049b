/**
 * Requesting links and codes: sign-in, recovery, resend and reauthentication (docs/wire-contract.md#links-and-codes).
 */
import type { User } from '../../store'
import { resendEmailChange, resendPhoneChange } from '../accounts/contact-change'
import { pendingContacts } from '../accounts/pending-contacts'
import type { Caller } from '../kernel/caller'
import type { Context } from '../kernel/context'
import { Refusal } from '../kernel/refusal'
import { prepareMail } from '../messages/mail'
import { type Channel, channelOf } from '../messages/sms'
import { sendTokenMail } from '../messages/verification-mail'
import { sendVerificationSms } from '../messages/verification-sms'
import { registerAccount } from '../sign-up/sign-up'
import { type CodeChallenge, type CodeChallengeParameters, parseCodeChallenge } from '../tokens/pkce'
import { WITH_PASSWORD } from '../tokens/verification-record'
import { mintToken } from '../tokens/verification-token'
import { emailContact, phoneContact } from '../users/contacts'
import {
  dropUnconfirmedPassword,
  inAudience,
  newUser,
  normalizeEmail,
  normalizePhone,
  storableMetadata,
} from '../users/users'

export interface OtpRequest extends CodeChallengeParameters {
  email: string | undefined
  phone: string | undefined
  /** Whether an account is created if there is none. */
  createsUser: boolean
  channel: string | undefined
  data: Record<string, unknown>
  audience: string
  redirectTo: string
}

/** The provider's message id, if an SMS was sent. */
export interface SendResult {
  messageId: string | undefined
}

const NO_MESSAGE: SendResult = { messageId: undefined }

/**
 * Sends a sign-in code; creates an account if allowed.
 * @throws {Refusal} in the order of GoTrue's `POST /otp`
 */
export async function requestOtp(context: Context, request: OtpRequest): Promise<SendResult> {
  const { email, phone, channel } = request
  context.limits.request('otps', context.client.ip)
  if (email && phone) throw new Refusal('otp_email_and_phone')
  if (email && channel) throw new Refusal('otp_channel_with_email')
  const challenge = parseCodeChallenge(request)
  const isAddressed = email || phone
  if (isAddressed && !request.createsUser && !(await isRegistered(context, request)))
    throw new Refusal('otp_signup_disabled')
  if (email) return sendMagicLink(context, request, challenge)
  if (phone) return sendPhoneOtp(context, { ...request, phone })
  throw new Refusal('otp_contact_missing')
}

/** Sends a magic link to any address; as `requestOtp`. */
export async function requestMagicLink(
  context: Context,
  request: Omit<OtpRequest, 'phone' | 'channel' | 'createsUser'>,
): Promise<void> {
  context.limits.request('magicLinks', context.client.ip)
  await sendMagicLink(context, { ...request, phone: undefined, channel: undefined, createsUser: true }, undefined)
}

async function isRegistered({ store }: Context, { email, phone, audience }: OtpRequest): Promise<boolean> {
  const isKnown = (user: User | undefined) => inAudience(user, audience) !== undefined
  try {
    if (email) return isKnown(await store.findUserByEmail(normalizeEmail(email)))
    return phone ? isKnown(await store.findUserByPhone(normalizePhone(phone))) : false
  } catch (error) {
    if (error instanceof Refusal) return false
    throw error
  }
}

async function sendMagicLink(
  context: Context,
  request: OtpRequest,
  known: CodeChallenge | undefined,
): Promise<SendResult> {
  const { policy, store } = context
  const { redirectTo } = request
  if (!policy.signup.email) throw new Refusal('email_login_disabled')
  if (!policy.mail.magicLinks) throw new Refusal('magic_links_disabled')
  const challenge = known ?? parseCodeChallenge(request)
  if (!request.email) throw new Refusal('magic_link_email_missing')
  const email = normalizeEmail(request.email)
  const isConfirmed = (user: User | undefined) => user !== undefined && user.emailConfirmedAt !== null
  let user = await store.findUserByEmail(email)
  if (user && !inAudience(user, request.audience)) return NO_MESSAGE
  if (!isConfirmed(user) && !(user && policy.signup.autoconfirmsEmail)) {
    await signUpWithoutPassword(context, {
      ...request,
      contact: emailContact(context, email),
      challenge,
      channel: 'sms',
    })
    if (!policy.signup.autoconfirmsEmail) return NO_MESSAGE
    user = await store.findUserByEmail(email)
  }
  if (user) await sendTokenMail(context, { user: { ...user, email }, purpose: 'magiclink', challenge, redirectTo })
  return NO_MESSAGE
}

async function sendPhoneOtp(context: Context, request: OtpRequest & { phone: string }): Promise<SendResult> {
  const { policy, store } = context
  if (!policy.signup.phone) throw new Refusal('otp_phone_disabled')
  const channel = channelOf(context, request.channel)
  const phone = normalizePhone(request.phone)
  const user = await store.findUserByPhone(phone)
  if (user && !inAudience(user, request.audience)) return NO_MESSAGE
  const isConfirmed = user !== undefined && user.phoneConfirmedAt !== null
  if (!isConfirmed && !(user && policy.signup.autoconfirmsPhone)) {
    const contact = phoneContact(context, phone)
    const signedUp = await signUpWithoutPassword(context, { ...request, contact, challenge: undefined, channel })
    if (!policy.signup.autoconfirmsPhone) return { messageId: signedUp.messageId }
  }
  const account = user ?? (await store.findUserByPhone(phone))
  if (!account) return NO_MESSAGE
  const { messageId } = await sendVerificationSms(context, {
    purpose: 'phone_confirmation',
    user: account,
    phone,
    channel,
    dropped: dropUnconfirmedPassword(account),
  })
  return { messageId }
}

interface WithoutPassword extends Omit<OtpRequest, 'channel'> {
  contact: ReturnType<typeof emailContact>
  challenge: CodeChallenge | undefined
  channel: Channel
}

/** An account without a password. GoTrue sets a random one, which costs the time of a hash. */
async function signUpWithoutPassword(context: Context, { data, ...request }: WithoutPassword): Promise<SendResult> {
  const isNew = (await request.contact.find()) === undefined
  if (isNew && context.policy.signup.disabled) throw new Refusal('signup_disabled')
  const signedUp = await registerAccount(context, {
    ...request,
    encryptedPassword: null,
    metadata: storableMetadata(data),
  })
  return signedUp.outcome === 'without_session' ? { messageId: signedUp.messageId } : NO_MESSAGE
}

export interface MailRequest extends CodeChallengeParameters {
  email: string | undefined
  audience: string
  redirectTo: string
}

/** Does the work of mailing an account, for an address without one; nothing is kept. */
export async function simulateMailDelivery(context: Context, email: string): Promise<void> {
  const user = { ...newUser(context, { id: context.random.uuid(), email }), uid: 0, confirmedAt: null }
  const to = { email }
  const token = mintToken(context, {
    kind: 'password_reset',
    family: 'supabase',
    to,
    userId: user.id,
    code: 'random',
  })
  if (context.policy.mail.delivery === 'hook') return
  const copies = [{ to: email, token }]
  const redirectTo = context.policy.redirects.siteUrl
  const { messages } = await prepareMail(context, {
    template: 'recovery',
    user,
    copies,
    redirectTo,
    isSimulated: true,
  })
  await context.store.simulateMessageWrite(messages)
}

export interface ResendRequest extends CodeChallengeParameters {
  type: string
  email: string | undefined
  phone: string | undefined
  audience: string
  redirectTo: string
}

/**
 * Resends the last message of a kind, if something is pending; the response does not reveal it.
 * @throws {Refusal} in the order of GoTrue's `POST /resend`
 */
export async function resend(context: Context, request: ResendRequest): Promise<SendResult> {
  const { policy, store, limits, client } = context
  const { type, email, phone, redirectTo } = request
  limits.request('resends', client.ip)
  const isMail = type === 'signup' || type === 'email_change'
  if (!isMail && type !== 'sms' && type !== 'phone_change') throw new Refusal('resend_type_unknown')
  if (!email && type === 'signup') throw new Refusal('resend_email_missing')
  if (!phone && type === 'sms') throw new Refusal('resend_phone_missing')
  if (email && phone) throw new Refusal('resend_email_and_phone')
  const challenge = parseCodeChallenge(request)
  if (email) {
    if (!policy.signup.email) throw new Refusal('email_signin_disabled')
    const address = normalizeEmail(email)
    const user = inAudience(await store.findUserByEmail(address), request.audience)
    const newEmail = user && pendingContacts(user, context.now).email
    if (user && type === 'signup' && user.emailConfirmedAt === null)
      await sendTokenMail(context, {
        user: { ...user, email: address },
        purpose: 'signup',
        payload: WITH_PASSWORD,
        challenge,
        redirectTo,
      })
    else if (user && type === 'email_change' && newEmail)
      await resendEmailChange(context, { user, email: newEmail, challenge, redirectTo })
    else await simulateMailDelivery(context, address)
    return NO_MESSAGE
  }
  if (!phone) throw new Refusal('resend_contact_missing')
  if (!policy.signup.phone) throw new Refusal('phone_signin_disabled')
  const number = normalizePhone(phone)
  const user = inAudience(await store.findUserByPhone(number), request.audience)
  if (user && type === 'sms' && user.phoneConfirmedAt === null)
    return sendVerificationSms(context, { purpose: 'phone_confirmation', user, phone: number, channel: 'sms' })
  const newPhone = user && pendingContacts(user, context.now).phone
  if (user && type === 'phone_change' && newPhone)
    return resendPhoneChange(context, { user, phone: newPhone, channel: 'sms' })
  return NO_MESSAGE
}

/** Sends the caller a code for a password change. */
export async function reauthenticate(context: Context, { caller: { user } }: { caller: Caller }): Promise<SendResult> {
  const { email, phone } = user
  if (email !== null) {
    if (user.emailConfirmedAt === null) throw new Refusal('reauthentication_email_unconfirmed')
    const redirectTo = context.policy.redirects.siteUrl
    await sendTokenMail(context, {
      user: { ...user, email },
      purpose: 'reauthentication',
      challenge: undefined,
      redirectTo,
    })
    return NO_MESSAGE
  }
  if (phone === null) throw new Refusal('reauthentication_without_contact')
  if (user.phoneConfirmedAt === null) throw new Refusal('reauthentication_phone_unconfirmed')
  return sendVerificationSms(context, { purpose: 'reauthentication', user, phone, channel: 'sms' })
}
