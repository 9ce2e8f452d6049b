/** Codes and links on request: to sign in, to recover a password, again, and to prove who is there (contract 1.5). */
import type { User } from '../../store'
import { changeEmail, changePhone } from '../accounts/contact-change'
import { emailContact, phoneContact } from '../accounts/contacts'
import {
  inAudience,
  newUser,
  normaliseEmail,
  normalisePhone,
  storableMetadata,
  withoutUnprovenPassword,
} from '../accounts/users'
import type { Caller } from '../caller'
import type { Client, Deps } from '../deps'
import { prepareMail } from '../messages/mail'
import { mailToken } from '../messages/mailed-tokens'
import { type Channel, channelOf } from '../messages/sms'
import { textConfirmation, textReauthentication } from '../messages/texted-codes'
import { Refusal } from '../refusal'
import { type Challenge, type ChallengeGiven, challengeOf } from '../sign-in/pkce'
import { register } from '../sign-up/sign-up'
import { mint, WITH_PASSWORD } from '../tokens/verification-token'

export interface OtpRequest extends ChallengeGiven {
  email: string | undefined
  phone: string | undefined
  /** Whether an account is made where there is none. */
  createsUser: boolean
  channel: string | undefined
  data: Record<string, unknown>
  audience: string
  redirectTo: string
  client: Client
}

/** The provider's id of an SMS, where one was sent and has one. */
export interface Sent {
  messageId: string | undefined
}

const NOTHING_SENT: Sent = { messageId: undefined }

/**
 * Sends a code to sign in with; a new account is made where that is allowed.
 * @throws {Refusal} in the order of contract 1.5
 */
export async function requestOtp(deps: Deps, request: OtpRequest): Promise<Sent> {
  const { email, phone, channel } = request
  deps.limits.request('otps', request.client.ip)
  if (email && phone) throw new Refusal('otp_email_and_phone')
  if (email && channel) throw new Refusal('otp_channel_with_email')
  const challenge = challengeOf(request)
  if (!request.createsUser && !(await isRegistered(deps, request))) throw new Refusal('otp_signup_disabled')
  if (email) return sendMagicLink(deps, request, challenge)
  if (phone) return sendPhoneOtp(deps, { ...request, phone })
  throw new Refusal('otp_contact_missing')
}

/** Sends a magic link, to whomever; as `requestOtp` for addresses. */
export async function requestMagicLink(
  deps: Deps,
  request: Omit<OtpRequest, 'phone' | 'channel' | 'createsUser'>,
): Promise<void> {
  deps.limits.request('magicLinks', request.client.ip)
  await sendMagicLink(deps, { ...request, phone: undefined, channel: undefined, createsUser: true }, undefined)
}

async function isRegistered({ store }: Deps, { email, phone, audience }: OtpRequest): Promise<boolean> {
  const isKnown = (user: User | undefined) => inAudience(user, audience) !== undefined
  try {
    if (email) return isKnown(await store.findUserByEmail(normaliseEmail(email)))
    return phone ? isKnown(await store.findUserByPhone(normalisePhone(phone))) : false
  } catch (error) {
    if (error instanceof Refusal) return false
    throw error
  }
}

async function sendMagicLink(deps: Deps, request: OtpRequest, known: Challenge | undefined): Promise<Sent> {
  const { policy, store } = deps
  const { redirectTo, client } = request
  if (!policy.signup.email) throw new Refusal('email_login_disabled')
  if (!policy.mail.magicLinks) throw new Refusal('magic_links_disabled')
  const challenge = known ?? challengeOf(request)
  if (!request.email) throw new Refusal('magic_link_email_missing')
  const email = normaliseEmail(request.email)
  const isConfirmed = (user: User | undefined) => user !== undefined && user.emailConfirmedAt !== null
  let user = await store.findUserByEmail(email)
  if (user && user.aud !== request.audience) return NOTHING_SENT
  if (!isConfirmed(user) && !(user && policy.signup.confirmsEmail)) {
    await signUpWithoutPassword(deps, { ...request, contact: emailContact(deps, email), challenge, channel: 'sms' })
    if (!policy.signup.confirmsEmail) return NOTHING_SENT
    user = await store.findUserByEmail(email)
  }
  if (user) await mailToken(deps, { user: { ...user, email }, purpose: 'magiclink', challenge, redirectTo, client })
  return NOTHING_SENT
}

async function sendPhoneOtp(deps: Deps, request: OtpRequest & { phone: string }): Promise<Sent> {
  const { policy, store } = deps
  if (!policy.signup.phone) throw new Refusal('otp_phone_disabled')
  const channel = channelOf(deps, request.channel)
  const phone = normalisePhone(request.phone)
  const user = await store.findUserByPhone(phone)
  if (user && user.aud !== request.audience) return NOTHING_SENT
  const isConfirmed = user !== undefined && user.phoneConfirmedAt !== null
  if (!isConfirmed && !(user && policy.signup.confirmsPhone)) {
    const contact = phoneContact(deps, phone)
    const signedUp = await signUpWithoutPassword(deps, { ...request, contact, challenge: undefined, channel })
    if (!policy.signup.confirmsPhone) return { messageId: signedUp.messageId }
  }
  const account = user ?? (await store.findUserByPhone(phone))
  if (!account) return NOTHING_SENT
  const { messageId } = await textConfirmation(deps, {
    ...{ user: account, phone, channel, client: request.client },
    set: withoutUnprovenPassword(account),
  })
  return { messageId }
}

interface WithoutPassword extends Omit<OtpRequest, 'channel'> {
  contact: ReturnType<typeof emailContact>
  challenge: Challenge | undefined
  channel: Channel
}

/** An account without a password. GoTrue gives it one that nobody knows, and takes a hash's time over it. */
async function signUpWithoutPassword(deps: Deps, { data, ...request }: WithoutPassword): Promise<Sent> {
  const isNew = (await request.contact.find()) === undefined
  if (isNew && deps.policy.signup.disabled) throw new Refusal('signup_disabled')
  const signedUp = await register(deps, { ...request, encryptedPassword: null, metadata: storableMetadata(data) })
  return signedUp.outcome === 'without_session' ? { messageId: signedUp.messageId } : NOTHING_SENT
}

export interface MailRequest extends ChallengeGiven {
  email: string | undefined
  audience: string
  redirectTo: string
  client: Client
}

/**
 * Mails a link to set a new password, where the address has an account; the answer does not tell.
 * @throws {Refusal<'email_signin_disabled' | 'recovery_email_missing' | 'email_malformed' | 'mail_too_soon' | …>}
 */
export async function requestRecovery(deps: Deps, request: MailRequest): Promise<void> {
  const { policy, store, limits } = deps
  const { redirectTo, client } = request
  limits.request('recoveries', client.ip)
  if (!policy.signup.email) throw new Refusal('email_signin_disabled')
  if (!request.email) throw new Refusal('recovery_email_missing')
  const challenge = challengeOf(request)
  const email = normaliseEmail(request.email)
  const user = inAudience(await store.findUserByEmail(email), request.audience)
  if (user) await mailToken(deps, { user: { ...user, email }, purpose: 'recovery', challenge, redirectTo, client })
  else await takeAsLong(deps, email, client)
}

/** What a mail to an account costs, for an address without one: nothing of it stays. */
export async function takeAsLong(deps: Deps, email: string, client: Client): Promise<void> {
  const now = deps.clock.now()
  const user = { ...newUser(deps, now, { id: deps.random.uuid(), email }), uid: 0, confirmedAt: null }
  const to = { email }
  const token = mint(deps, now, { kind: 'password_reset', family: 'supabase', to, userId: user.id, code: 'random' })
  if (deps.policy.mail.way === 'hook') return
  const letters = [{ to: email, token }]
  const redirectTo = deps.policy.redirects.siteUrl
  const messages = await prepareMail(deps, now, {
    template: 'recovery',
    user,
    letters,
    redirectTo,
    client,
    isRehearsal: true,
  })
  await deps.store.rehearse(messages)
}

export interface ResendRequest extends ChallengeGiven {
  type: string
  email: string | undefined
  phone: string | undefined
  audience: string
  redirectTo: string
  client: Client
}

/**
 * Sends the last message of a kind once more, where something is pending; the answer does not tell.
 * @throws {Refusal} in the order of contract 1.5
 */
export async function resend(deps: Deps, request: ResendRequest): Promise<Sent> {
  const { policy, store, limits } = deps
  const { type, email, phone, redirectTo, client } = request
  limits.request('resends', client.ip)
  const isMail = type === 'signup' || type === 'email_change'
  if (!isMail && type !== 'sms' && type !== 'phone_change') throw new Refusal('resend_type_unknown')
  if (!email && type === 'signup') throw new Refusal('resend_email_missing')
  if (!phone && type === 'sms') throw new Refusal('resend_phone_missing')
  if (email && phone) throw new Refusal('resend_email_and_phone')
  const challenge = challengeOf(request)
  if (email) {
    if (!policy.signup.email) throw new Refusal('email_signin_disabled')
    const address = normaliseEmail(email)
    const user = inAudience(await store.findUserByEmail(address), request.audience)
    if (user && type === 'signup' && user.emailConfirmedAt === null)
      await mailToken(deps, {
        ...{ user: { ...user, email: address }, purpose: 'signup', payload: WITH_PASSWORD },
        ...{ challenge, redirectTo, client },
      })
    else if (user && type === 'email_change' && user.emailChange !== null)
      await changeEmail(deps, { user, email: user.emailChange, challenge, redirectTo, client, isRepeat: true })
    else await takeAsLong(deps, address, client)
    return NOTHING_SENT
  }
  if (!phone) throw new Refusal('resend_contact_missing')
  if (!policy.signup.phone) throw new Refusal('phone_signin_disabled')
  const number = normalisePhone(phone)
  const user = inAudience(await store.findUserByPhone(number), request.audience)
  if (user && type === 'sms' && user.phoneConfirmedAt === null)
    return textConfirmation(deps, { user, phone: number, channel: 'sms', client })
  if (user && type === 'phone_change' && user.phoneChange !== null)
    return changePhone(deps, { user, phone: user.phoneChange, channel: 'sms', client })
  return NOTHING_SENT
}

/**
 * Sends the caller a code that a password change may ask for.
 * @throws {Refusal<'reauthentication_without_contact' | 'reauthentication_email_unconfirmed' |
 *   'reauthentication_phone_unconfirmed' | 'mail_too_soon' | 'sms_too_soon'>}
 */
export async function reauthenticate(
  deps: Deps,
  { caller: { user }, client }: { caller: Caller; client: Client },
): Promise<Sent> {
  const { email, phone } = user
  if (email !== null) {
    if (user.emailConfirmedAt === null) throw new Refusal('reauthentication_email_unconfirmed')
    const redirectTo = deps.policy.redirects.siteUrl
    await mailToken(deps, {
      ...{ user: { ...user, email }, purpose: 'reauthentication', challenge: undefined },
      ...{ redirectTo, client },
    })
    return NOTHING_SENT
  }
  if (phone === null) throw new Refusal('reauthentication_without_contact')
  if (user.phoneConfirmedAt === null) throw new Refusal('reauthentication_phone_unconfirmed')
  return textReauthentication(deps, { user, phone, channel: 'sms', client })
}
