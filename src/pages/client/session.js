/** The session of a page: kept by its tabs, refreshed before it expires. */
import { ApiError, ROOT, send } from './http.js'

/** A token is refreshed when it has less than this left. */
const REFRESH_BEFORE_MS = 60_000
const CHECK_IDLE_MS = 15_000
/** How long a page waits for other tabs, which may all be closed: before it is drawn, and before it signs out. */
const JOIN_MS = 100
const ANSWER_MS = 3000
/** Codes of errors after which no request of this session can succeed. */
const ENDED = ['session_not_found', 'session_expired', 'bad_jwt', 'user_not_found_for_token', 'user_banned']

/**
 * @param name of the page
 * @param isShared whether a new tab takes over the session of another one
 * @param idleMs without pointer and keyboard in any tab for this long, the page signs out
 * @param reasons passed to listeners: why a session `ended`, was `idle`, or that it was signed out `elsewhere`
 */
export function makeSession({ name, isShared, idleMs, reasons }) {
  /** In the storage of the tab, and between tabs. Another server may be below another path of this origin. */
  const entry = name + ROOT.slice(0, -1)
  /** `{ accessToken, refreshToken, expiresAt, user }`; `expiresAt` is by the clock of this browser. */
  let session = readStored()
  let refreshing
  let lastActive = Date.now()
  const listeners = new Set()
  /** The end of a session before the page listened: another tab may answer at once. */
  let unheard
  const tabs = new BroadcastChannel(entry)
  /** Whether this tab may take over the session of another one: until it has one of its own, or the user does something. */
  let isJoining = false
  /** Whether another tab has shown that it has this session. Other pages of this origin can listen, too. */
  let hasCopies = false

  /** The tab keeps its session during a reload. Nothing is stored longer than the tab. */
  function readStored() {
    try {
      return JSON.parse(sessionStorage.getItem(entry)) ?? undefined
    } catch {
      return undefined
    }
  }

  function store(next) {
    session = next
    try {
      if (next) sessionStorage.setItem(entry, JSON.stringify(next))
      else sessionStorage.removeItem(entry)
    } catch {
      // Without storage a reload signs out.
    }
  }

  const currentSession = () => session

  /**
   * @param listener is called if the session ends, with the reason, and if it comes from another tab
   * @returns the unsubscribe function
   */
  function onSessionChange(listener) {
    listeners.add(listener)
    if (unheard) listener(unheard.reason)
    unheard = undefined
    return () => listeners.delete(listener)
  }

  /** @param answer a session as the API returns it */
  function openSession(answer) {
    lastActive = Date.now()
    const next = {
      accessToken: answer.access_token,
      refreshToken: answer.refresh_token,
      expiresAt: Date.now() + answer.expires_in * 1000,
      user: answer.user,
    }
    hasCopies &&= isOpen(sessionId(next))
    store(next)
    if (isShared || hasCopies) announce()
  }

  /** Keeps what the API says about the user now. */
  const updateUser = (user) => session && store({ ...session, user })

  /** Ends the session in all tabs; `reason` is shown on the sign-in page. */
  function dropSession(reason) {
    if (!session) return
    tabs.postMessage({ kind: 'ended', id: sessionId(session), reason: reason ?? reasons.elsewhere })
    forget(reason)
  }

  function forget(reason) {
    isJoining = false
    store(undefined)
    if (listeners.size === 0) unheard = { reason }
    tell(reason)
  }

  const tell = (reason) => {
    for (const listener of listeners) listener(reason)
  }

  async function signOut(reason) {
    const ended = session
    dropSession(reason)
    if (ended) await endOnServer(ended).catch(() => undefined)
  }

  /** While a page is idle, its access token may expire; the server accepts only one that is valid. */
  async function endOnServer(ended) {
    const token = isExpiring(ended) ? (await exchange(ended)).access_token : ended.accessToken
    await send('POST', '/logout', { query: { scope: 'local' }, token })
  }

  /** The claims of the access token; it is not verified here, since the server decides. */
  const claims = () => claimsOf(session)
  const sessionId = (of) => claimsOf(of).session_id
  const isOpen = (id) => session !== undefined && id === sessionId(session)

  function claimsOf({ accessToken }) {
    const [, payload = ''] = accessToken.split('.')
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
    return JSON.parse(new TextDecoder().decode(bytes))
  }

  /** A request of the signed-in user. */
  async function request(method, path, options) {
    await refreshIfNeeded()
    if (!session) throw signedOut()
    const id = sessionId(session)
    try {
      const answer = await send(method, path, { ...options, token: session.accessToken })
      // It may be about another user than the next session.
      if (!isOpen(id)) throw signedOut()
      return answer
    } catch (error) {
      const isEnd = (error.status === 401 && error.code !== 'insufficient_aal') || ENDED.includes(error.code)
      if (isEnd && isOpen(id)) dropSession(reasons.ended)
      throw error
    }
  }

  const signedOut = () => new ApiError({ status: 401, code: 'no_session', message: 'You are signed out.' })

  const get = async (path, query, signal) => (await request('GET', path, { query, signal })).data
  const post = async (path, body, query) => (await request('POST', path, { body, query })).data
  const put = async (path, body, query) => (await request('PUT', path, { body, query })).data
  const patch = async (path, body) => (await request('PATCH', path, { body })).data
  const del = async (path, body) => (await request('DELETE', path, { body })).data

  const isExpiring = ({ expiresAt }) => expiresAt - Date.now() < REFRESH_BEFORE_MS

  async function exchange({ refreshToken }) {
    const body = { refresh_token: refreshToken }
    return (await send('POST', '/token', { query: { grant_type: 'refresh_token' }, body })).data
  }

  /** At most one refresh at a time: every request meanwhile waits for it. */
  async function refreshIfNeeded() {
    if (session && isExpiring(session))
      refreshing ??= refresh().finally(() => {
        refreshing = undefined
      })
    await refreshing
  }

  async function refresh() {
    const id = sessionId(session)
    try {
      const answer = await exchange(session)
      // An answer that comes late must not bring back a session that has ended.
      if (!isOpen(id)) return
      const active = lastActive
      openSession(answer)
      lastActive = active
    } catch (error) {
      if (!isOpen(id)) return
      if (error.status >= 400 && error.status < 500 && error.status !== 429) dropSession(reasons.ended)
      throw error
    }
  }

  // A refresh replaces the token of every tab with this session. If two refresh at once, both get the same new token.
  const announce = (isAnswer = false) =>
    tabs.postMessage({ kind: 'session', id: sessionId(session), session, lastActive, isAnswer })
  /** Called once another tab has answered; undefined while none is asked. */
  let onAnswer
  /** Waits for the session of another tab, or its newer tokens. */
  async function askTabs(waitMs) {
    tabs.postMessage({ kind: 'asked', id: session && sessionId(session) })
    await new Promise((resolve) => {
      onAnswer = resolve
      setTimeout(resolve, waitMs)
    })
  }

  /** Called before the page is drawn. A session that arrives later is taken over until the user does something. */
  function joinTabs() {
    isJoining = isShared
    return isShared || session ? askTabs(JOIN_MS) : undefined
  }

  const RECEIVE = {
    asked({ id }) {
      const isCopy = isOpen(id)
      hasCopies ||= isCopy
      if (isCopy || (isShared && session)) announce(true)
    },
    ended: ({ id, reason }) => isOpen(id) && forget(reason),
    session(other) {
      if (!session) join(other)
      else if (isOpen(other.id)) {
        hasCopies = true
        lastActive = Math.max(lastActive, other.lastActive)
        // The tab that answers may have missed the latest tokens.
        if (!other.isAnswer || claimsOf(other.session).iat >= claims().iat) store(other.session)
      }
      if (other.isAnswer) onAnswer?.()
    },
  }
  tabs.addEventListener('message', ({ data }) => RECEIVE[data.kind](data))

  function join({ session: other, lastActive: theirs, isAnswer }) {
    if (!isJoining || !isAnswer) return
    lastActive = Math.max(lastActive, theirs)
    store(other)
    tell(undefined)
  }

  function noteActivity() {
    lastActive = Date.now()
    isJoining = false
  }

  for (const type of ['pointerdown', 'keydown', 'wheel', 'touchstart'])
    addEventListener(type, noteActivity, { passive: true, capture: true })

  /** Also when a tab comes back: timers of a hidden tab may sleep. */
  async function endIfIdle() {
    if (!isIdle()) return
    // Another tab may be in use.
    await askTabs(ANSWER_MS)
    if (isIdle()) await signOut(reasons.idle)
  }
  const isIdle = () => session && Date.now() - lastActive > idleMs
  setInterval(() => void endIfIdle(), CHECK_IDLE_MS)
  document.addEventListener('visibilitychange', () => void endIfIdle())

  return {
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
  }
}
