/** The session of a page: kept by the tab, refreshed before it expires. */
import { ApiError, send } from './http.js'

/** A token is refreshed when it has less than this left. */
const REFRESH_BEFORE_MS = 60_000
const CHECK_IDLE_MS = 15_000
/** Codes of errors after which no request of this session can succeed. */
const ENDED = ['session_not_found', 'session_expired', 'bad_jwt', 'user_not_found_for_token', 'user_banned']

/**
 * @param name of the entry in the storage of the tab
 * @param idleMs without pointer and keyboard for this long, the page signs out
 * @param reasons passed to listeners: why a session `ended`, was `idle`, or is open `elsewhere`
 */
export function makeSession({ name, idleMs, reasons }) {
  /** `{ accessToken, refreshToken, expiresAt, user }`; `expiresAt` is by the clock of this browser. */
  let session = readStored()
  let refreshing
  let lastActive = Date.now()
  const listeners = new Set()
  /** The end of a session before the page listened: another tab may answer at once. */
  let unheard

  /** The tab keeps its session during a reload, and other tabs have none. Nothing is stored longer than the tab. */
  function readStored() {
    try {
      return JSON.parse(sessionStorage.getItem(name)) ?? undefined
    } catch {
      return undefined
    }
  }

  function store(next) {
    session = next
    try {
      if (next) sessionStorage.setItem(name, JSON.stringify(next))
      else sessionStorage.removeItem(name)
    } catch {
      // Without storage a reload signs out.
    }
  }

  const currentSession = () => session

  /** @param listener is called with the reason for each end of a session @returns the unsubscribe function */
  function onSessionEnd(listener) {
    listeners.add(listener)
    if (unheard) listener(unheard.reason)
    unheard = undefined
    return () => listeners.delete(listener)
  }

  /** @param answer a session as the API returns it */
  function openSession(answer) {
    lastActive = Date.now()
    store({
      accessToken: answer.access_token,
      refreshToken: answer.refresh_token,
      expiresAt: Date.now() + answer.expires_in * 1000,
      user: answer.user,
    })
  }

  /** Keeps what the API says about the user now. */
  const updateUser = (user) => session && store({ ...session, user })

  /** Ends the session here; `reason` is shown on the sign-in page. */
  function dropSession(reason) {
    if (!session) return
    store(undefined)
    if (listeners.size === 0) unheard = { reason }
    for (const listener of listeners) listener(reason)
  }

  async function signOut(reason) {
    const token = session?.accessToken
    dropSession(reason)
    if (token) await send('POST', '/logout', { query: { scope: 'local' }, token }).catch(() => undefined)
  }

  /** The claims of the access token; it is not verified here, since the server decides. */
  function claims() {
    const [, payload = ''] = session?.accessToken.split('.') ?? []
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
    return JSON.parse(new TextDecoder().decode(bytes))
  }

  /** A request of the signed-in user. */
  async function request(method, path, options) {
    await refreshIfNeeded()
    if (!session) throw new ApiError({ status: 401, code: 'no_session', message: 'You are signed out.' })
    try {
      return await send(method, path, { ...options, token: session.accessToken })
    } catch (error) {
      if ((error.status === 401 && error.code !== 'insufficient_aal') || ENDED.includes(error.code))
        dropSession(reasons.ended)
      throw error
    }
  }

  const get = async (path, query, signal) => (await request('GET', path, { query, signal })).data
  const post = async (path, body, query) => (await request('POST', path, { body, query })).data
  const put = async (path, body, query) => (await request('PUT', path, { body, query })).data
  const patch = async (path, body) => (await request('PATCH', path, { body })).data
  const del = async (path, body) => (await request('DELETE', path, { body })).data

  /** At most one refresh at a time: every request meanwhile waits for it. */
  async function refreshIfNeeded() {
    if (session && session.expiresAt - Date.now() < REFRESH_BEFORE_MS)
      refreshing ??= refresh().finally(() => {
        refreshing = undefined
      })
    await refreshing
  }

  async function refresh() {
    try {
      const { data } = await send('POST', '/token', {
        query: { grant_type: 'refresh_token' },
        body: { refresh_token: session.refreshToken },
      })
      const active = lastActive
      openSession(data)
      lastActive = active
    } catch (error) {
      if (error.status >= 400 && error.status < 500 && error.status !== 429) dropSession(reasons.ended)
      throw error
    }
  }

  // A duplicated tab starts with a copy of the session. Two tabs must not refresh the same token, so the older one keeps it.
  const startedAt = performance.timeOrigin
  const tabs = new BroadcastChannel(name)
  tabs.addEventListener('message', ({ data: { sessionId, since } }) => {
    if (!session || sessionId !== claims().session_id || since === startedAt) return
    if (since > startedAt) announce()
    else dropSession(reasons.elsewhere)
  })
  const announce = () => tabs.postMessage({ sessionId: claims().session_id, since: startedAt })
  if (session) announce()

  for (const type of ['pointerdown', 'keydown', 'wheel', 'touchstart'])
    addEventListener(type, () => (lastActive = Date.now()), { passive: true, capture: true })

  /** Also when a tab comes back: timers of a hidden tab may sleep. */
  function endIfIdle() {
    if (session && Date.now() - lastActive > idleMs) void signOut(reasons.idle)
  }
  setInterval(endIfIdle, CHECK_IDLE_MS)
  document.addEventListener('visibilitychange', endIfIdle)

  return {
    claims,
    currentSession,
    del,
    get,
    onSessionEnd,
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
