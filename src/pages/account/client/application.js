/** The application that sent the user here, as the address says, and the way back to it. */
import { currentSession, post, refreshIfNeeded } from './api.js'
import { ROOT } from './http.js'
import { t } from './i18n.js'

const parameters = new URLSearchParams(location.search)
const value = (name) => parameters.get(name) ?? undefined

const redirectTo = value('redirect_to')

/** What the address asks for. A target that is not allowed is known as soon as the settings are there. */
export const asked = {
  redirectTo,
  /** Whether a code for the application is wanted, not just a link back. */
  isSignIn: redirectTo !== undefined && parameters.has('code_challenge'),
  challenge: value('code_challenge'),
  method: value('code_challenge_method') ?? 'plain',
  prompt: value('prompt'),
  loginHint: value('login_hint'),
  screen: value('screen'),
}

/** The host of a website, or the scheme of an app such as `myapp`. */
export const applicationName = nameOf(redirectTo)

/** "You will continue to app.example.com.", if an application waits. */
export const purpose = () => (asked.isSignIn ? t('signIn.toContinue', { app: applicationName }) : undefined)

function nameOf(address = '') {
  const url = URL.parse(address)
  if (url && /^https?:$/.test(url.protocol)) return url.host
  // Some apps have a scheme with an underscore, which is none to `URL`.
  return /^([a-z][\w+.-]*):/i.exec(address)?.[1]
}

/** Gives the application a session of its own, and goes there. */
export async function goToApplication() {
  await refreshIfNeeded()
  const answer = await post('/account/code', {
    redirect_to: asked.redirectTo,
    refresh_token: currentSession()?.refreshToken,
    code_challenge: asked.challenge,
    code_challenge_method: asked.method,
  })
  // Not a new entry of the history: "back" leads to where the user came from.
  location.replace(answer.redirect_to)
}

/** This page again, for links in mails and for providers: with what the application asked for. */
export function ownAddress(added = {}) {
  const kept = ['redirect_to', 'code_challenge', 'code_challenge_method', 'lang'].filter((name) => parameters.has(name))
  const query = new URLSearchParams([...kept.map((name) => [name, parameters.get(name)]), ...Object.entries(added)])
  return `${location.origin}${ROOT}account${query.size > 0 ? `?${query}` : ''}`
}
