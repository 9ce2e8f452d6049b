/** The account as the server has it: loaded once, kept while views change, and loaded again after each change. */
import { ACCOUNT_CHANGED, currentSession, get, updateUser } from './api.js'
import { html, useEffect, useState } from './lib.js'
import { settings } from './settings.js'
import { Loaded } from './ui.js'

/** `{ user, security }` of the user who is signed in. */
let known
/** The last request, and the one whose answer is known. */
let asked = 0
let answered = 0

/** Loads the account again, and shows it everywhere. A session that lacks a second factor is asked for it. */
export async function reloadAccount() {
  const own = ++asked
  const [user, security] = await Promise.all([get('/user'), get('/user/security')])
  // An answer that comes late must not hide a newer one.
  if (own < answered) return
  answered = own
  updateUser(user)
  known = { user, security }
  dispatchEvent(new Event(ACCOUNT_CHANGED))
}

/**
 * What is known is shown at once. It is loaded again when a view opens and when the user comes back to the tab, since a
 * link in a mail may have changed it.
 */
function useAccount() {
  const [error, setError] = useState()
  const load = () => {
    setError(undefined)
    reloadAccount().catch((problem) => setError(problem))
  }
  useEffect(() => {
    const onReturn = () => document.visibilityState === 'visible' && load()
    load()
    document.addEventListener('visibilitychange', onReturn)
    return () => document.removeEventListener('visibilitychange', onReturn)
  }, [])
  const isOwn = known?.user.id === currentSession()?.user.id
  return { data: isOwn ? known : undefined, error, isLoading: false, reload: load }
}

/** @param children a function of `{ user, security }` */
export function WithAccount({ children }) {
  return html`<${Loaded} state=${useAccount()}>${children}<//>`
}

/** The types of factors that can be added, in the order in which they are offered. */
export function factorTypes() {
  const { totp, webauthn, phone, recovery_codes: recovery } = settings.account.account
  const types = { totp, webauthn, phone, recovery_code: recovery }
  return Object.keys(types).filter((type) => types[type].enroll)
}

/** The verified factors of the second step, without recovery codes. */
export const factorsOf = ({ factors = [] }) =>
  factors.filter(({ status, factor_type: type }) => status === 'verified' && type !== 'recovery_code')
