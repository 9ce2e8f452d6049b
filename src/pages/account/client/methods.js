/** The ways to sign in, as requests. */
import { openSession } from './api.js'
import { ownAddress } from './application.js'
import { sendWithCaptcha } from './captcha.js'
import { FieldError, PageError } from './errors.js'
import { beginFlow } from './flows.js'
import { ROOT, send } from './http.js'
import { settings } from './settings.js'

const isOn = (name) => settings.public.external[name] === true
export const methods = {
  email: () => isOn('email'),
  phone: () => isOn('phone'),
  links: () => isOn('email') && settings.account.sign_in.magic_links,
  messages: () => methods.phone() || methods.links(),
  signUp: () => !settings.public.disable_signup && (isOn('email') || isOn('phone')),
  passkeys: () =>
    settings.public.passkeys_enabled && Boolean(globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON),
}

const LOOKS_LIKE_PHONE = /^\+?[\d\s().-]{6,}$/

/** What was typed as `{ email }` or `{ phone }`; a username is sent as an email address. @throws FieldError */
function contactOf(typed) {
  const text = typed.trim()
  if (text === '') throw new FieldError('identifier', 'common.required')
  const isPhone = methods.phone() && (!methods.email() || LOOKS_LIKE_PHONE.test(text))
  return isPhone ? { phone: text.replaceAll(/[\s().-]/g, '') } : { email: text }
}

/** The same for messages, which usernames do not receive. */
function recipientOf(typed) {
  const contact = contactOf(typed)
  if (contact.email !== undefined && !/.@./.test(contact.email))
    throw new FieldError('identifier', 'signIn.invalidEmail')
  return contact
}

function requirePassword(password) {
  if (password === '') throw new FieldError('password', 'common.required')
}

export async function signInWithPassword({ identifier, password }) {
  const contact = contactOf(identifier)
  requirePassword(password)
  const body = { ...contact, password }
  openSession(await sendWithCaptcha('/token', 'sign_in', { query: { grant_type: 'password' }, body }))
}

/** A message with a link leads back here. @param kind of the flow; SMS have no link */
async function withLink(kind, contact, request) {
  if (contact.phone !== undefined) return request({ body: contact })
  const { id, challenge } = await beginFlow(kind)
  return request({ query: { redirect_to: ownAddress({ flow: id }) }, body: { ...contact, ...challenge } })
}

/** What is known about a message that was sent; the address is as it was typed. */
const sentTo = (kind, { email, phone }) => ({ kind, address: phone ?? email, isPhone: phone !== undefined })

/** @returns the sent message, or undefined if the account is open already */
export async function signUp({ identifier, password }) {
  const contact = recipientOf(identifier)
  requirePassword(password)
  const answer = await withLink('signup', contact, ({ query, body }) =>
    sendWithCaptcha('/signup', 'sign_up', { query, body: { ...body, password } }),
  )
  if (answer.access_token === undefined) return sentTo('signup', contact)
  openSession(answer)
  return undefined
}

/** Answers that would tell whether an address has an account. */
const ABOUT_ACCOUNT = ['signup_disabled', 'otp_disabled']

/** Sends a link and a code. Unknown addresses are treated like known ones. @returns the sent message */
export async function sendMessage({ identifier }) {
  const contact = recipientOf(identifier)
  try {
    await withLink('magiclink', contact, (options) => sendWithCaptcha('/otp', 'otp', options))
  } catch (error) {
    if (!ABOUT_ACCOUNT.includes(error.code)) throw error
  }
  return sentTo('magiclink', contact)
}

export async function sendRecovery({ identifier }) {
  const contact = recipientOf(identifier)
  await withLink('recovery', contact, (options) => sendWithCaptcha('/recover', 'recover', options))
  return sentTo('recovery', contact)
}

/** Sends a message again. */
export async function sendAgain({ kind, address, isPhone }) {
  if (kind === 'recovery') return sendRecovery({ identifier: address })
  if (kind === 'magiclink') return sendMessage({ identifier: address })
  const contact = isPhone ? { type: 'sms', phone: address } : { type: 'signup', email: address }
  await withLink('signup', contact, (options) => sendWithCaptcha('/resend', 'resend', options))
  return sentTo('signup', isPhone ? { phone: address } : { email: address })
}

export async function verifyCode({ kind, address, isPhone }, typed) {
  const token = typed.replaceAll(/\s/g, '')
  if (token === '') throw new FieldError('code', 'common.required')
  const type = isPhone ? 'sms' : kind === 'recovery' ? 'recovery' : 'email'
  const { data } = await send('POST', '/verify', {
    body: { type, token, ...(isPhone ? { phone: address } : { email: address }) },
  })
  openSession(data)
}

/** Goes to a provider, which comes back here. */
export async function goToProvider(provider) {
  const { id, challenge } = await beginFlow('provider')
  const query = new URLSearchParams({ provider, redirect_to: ownAddress({ flow: id }), ...challenge })
  location.assign(`${ROOT}auth/v1/authorize?${query}`)
}

// ---- Passkeys ----

/**
 * Asks the authenticator of this browser (WebAuthn Level 3 §5.1).
 * @param more members of `CredentialRequestOptions`, such as `mediation`
 */
export async function assertion(options, more = {}) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options)
  try {
    return (await navigator.credentials.get({ publicKey, ...more })).toJSON()
  } catch (error) {
    if (error.name === 'AbortError') throw error
    throw new PageError(error.name === 'SecurityError' ? 'signIn.passkeyElsewhere' : 'signIn.passkeyCancelled')
  }
}

async function finishPasskey(challengeId, credential) {
  const { data } = await send('POST', '/passkeys/authentication/verify', {
    body: { challenge_id: challengeId, credential },
  })
  openSession(data)
}

export async function signInWithPasskey() {
  const { challenge_id: id, options } = await sendWithCaptcha('/passkeys/authentication/options', 'sign_in', {
    body: {},
  })
  await finishPasskey(id, await assertion(options))
}

/**
 * Lets the browser offer passkeys among the suggestions of the first field. Not where a captcha would have to be solved
 * for it in advance.
 * @param signal ends the offer @returns whether one was used
 */
export async function offerPasskeys(signal) {
  if (!methods.passkeys() || settings.account.sign_in.captcha !== null) return false
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return false
  while (!signal.aborted) {
    const { data } = await send('POST', '/passkeys/authentication/options', { body: {}, signal })
    const expiry = AbortSignal.timeout(Math.max(1000, data.expires_at * 1000 - Date.now() - 5000))
    try {
      const more = { mediation: 'conditional', signal: AbortSignal.any([signal, expiry]) }
      const credential = await assertion(data.options, more)
      await finishPasskey(data.challenge_id, credential)
      return true
    } catch (error) {
      if (!expiry.aborted) throw error
    }
  }
  return false
}
