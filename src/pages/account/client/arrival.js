/** How the browser came here: from a provider or a mailed link with a code or an error, or just so. */
import { currentSession, openSession } from './api.js'
import { PageError } from './errors.js'
import { kindOfFlow, takeVerifier } from './flows.js'
import { send } from './http.js'

const OF_ARRIVAL = ['code', 'flow', 'error', 'error_code', 'error_description', 'message']
/** Of links without a code challenge, such as invitations; in the fragment alone. */
const OF_SESSION = ['access_token', 'refresh_token', 'expires_in', 'type']

/** Reads the address once, and takes out what must not be used again. */
function readAddress() {
  const url = new URL(location.href)
  const query = url.searchParams
  const fragment = new URLSearchParams(url.hash.startsWith('#/') ? '' : url.hash.slice(1))
  const value = (name) => query.get(name) ?? fragment.get(name) ?? undefined
  const found = Object.fromEntries(OF_ARRIVAL.map((name) => [name, value(name)]))
  const session = Object.fromEntries(OF_SESSION.map((name) => [name, fragment.get(name) ?? undefined]))
  for (const name of OF_ARRIVAL) query.delete(name)
  if (fragment.size > 0) url.hash = ''
  if (url.href !== location.href) history.replaceState(null, '', url)
  return { ...found, session }
}

const ERRORS = {
  otp_expired: 'signIn.linkExpired',
  access_denied: 'signIn.providerRefused',
  signup_disabled: 'errors.signup_disabled',
  user_banned: 'errors.user_banned',
  provider_email_needs_verification: 'errors.provider_email_needs_verification',
  email_exists: 'errors.email_exists',
  identity_already_exists: 'errors.identity_already_exists',
}

/**
 * Anyone can write an address, so its text is never shown: known errors have a text of this page, and all others share
 * one.
 */
function errorOf({ error, error_code: code }) {
  const known = [code, error].find((each) => each !== undefined && Object.hasOwn(ERRORS, each))
  return new PageError(known === undefined ? 'signIn.interrupted' : ERRORS[known])
}

/** Flows whose link has done its work without the code. */
const CONFIRMING = ['signup', 'email_change']

/**
 * Completes a sign-in that left this page.
 * @returns `{ kind, isSignedIn }` with a session, `{ offered }` with one that the user has not accepted, the text of what is
 * `done`, `{ problem }`, or nothing
 */
export async function arrive() {
  const found = readAddress()
  const kind = kindOfFlow(found.flow)
  if (found.error !== undefined || found.error_code !== undefined) return { kind, problem: errorOf(found) }
  if (found.message !== undefined) return { problem: 'signIn.otherHalf' }
  if (found.session.access_token !== undefined) return offer(found.session)
  if (found.code === undefined) return {}
  const verifier = takeVerifier(found.flow)
  if (verifier === undefined)
    return { problem: CONFIRMING.includes(kind) ? 'signIn.confirmedElsewhere' : 'signIn.otherBrowser' }
  // The session here may have passed a second factor, which that of the code has not.
  if (kind === 'link' && currentSession()) return { done: 'identities.linked' }
  try {
    const { data } = await send('POST', '/token', {
      query: { grant_type: 'pkce' },
      body: { auth_code: found.code, code_verifier: verifier },
    })
    openSession(data)
    return { kind, isSignedIn: true }
  } catch (problem) {
    return { problem }
  }
}

/**
 * Anyone can write an address with a session of their own, so the user is asked before it is used.
 * @returns `{ offered: { session, kind } }`
 */
async function offer({ access_token: token, refresh_token: refreshToken, expires_in: expiresIn, type: kind }) {
  try {
    const { data: user } = await send('GET', '/user', { token })
    if (currentSession()?.user.id === user.id) {
      await send('POST', '/logout', { query: { scope: 'local' }, token })
      return {}
    }
    // Links go to an address or a number. Any other name was chosen by its owner, and could look like that of the reader.
    if (!user.email && !user.phone) throw new PageError('signIn.interrupted')
    const session = { access_token: token, refresh_token: refreshToken, expires_in: Number(expiresIn), user }
    return { offered: { session, kind } }
  } catch {
    return { problem: new PageError('signIn.interrupted') }
  }
}
