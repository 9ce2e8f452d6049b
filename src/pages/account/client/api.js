/** The session of the page. */
import { makeSession } from './session.js'

export const {
  claims,
  currentSession,
  del,
  get,
  joinTabs,
  onSessionChange,
  openSession,
  patch,
  post,
  put,
  refreshIfNeeded,
  request,
  signOut,
  updateUser,
} = makeSession({
  name: 'latchkey-account',
  isShared: true,
  idleMs: 30 * 60_000,
  // Keys of texts: the language may change while a reason is shown.
  reasons: { ended: 'common.ended', idle: 'common.idle', elsewhere: 'common.elsewhere' },
})

/** Sent to the window: the account was loaded again. It may have a second factor that this session has not passed. */
export const ACCOUNT_CHANGED = 'latchkey-account-changed'

export const verifiedFactors = () =>
  (currentSession()?.user.factors ?? []).filter(({ status }) => status === 'verified')

/** Whether the session of this tab still lacks its second factor. */
export const needsFactor = () => claims().aal !== 'aal2' && verifiedFactors().length > 0
