/** The session of this page, and requests to the public API. */

const BASE = '/auth/v1'
const STORED = 'latchkey-dashboard'
/** A token is refreshed when it has less than this left. */
const REFRESH_BEFORE_MS = 60_000
/** Without pointer and keyboard for this long, the page signs out. */
const IDLE_MS = 30 * 60_000
const CHECK_IDLE_MS = 15_000
/** Codes of errors after which no request of this session can succeed. */
const ENDED = ['session_not_found', 'session_expired', 'bad_jwt', 'user_not_found_for_token', 'user_banned']

/** An error answer of the server. */
class ApiError extends Error {
  constructor({ status, code, message, requestId }) {
    super(message)
    Object.assign(this, { status, code, requestId })
  }
}

/** `{ accessToken, refreshToken, expiresAt, user }`; `expiresAt` is by the clock of this browser. */
let session = readStored()
let refreshing
const listeners = new Set()
/** The end of a session before the page listened: another tab may answer at once. */
let unheard

export const currentSession = () => session

/** @param listener is called with the reason for each end of a session @returns the unsubscribe function */
export function onSessionEnd(listener) {
  listeners.add(listener)
  if (unheard) listener(unheard.reason)
  unheard = undefined
  return () => listeners.delete(listener)
}

/** The tab keeps its session during a reload, and other tabs have none. Nothing is stored longer than the tab. */
function readStored() {
  try {
    return JSON.parse(sessionStorage.getItem(STORED)) ?? undefined
  } catch {
    return undefined
  }
}

function store(next) {
  session = next
  try {
    if (next) sessionStorage.setItem(STORED, JSON.stringify(next))
    else sessionStorage.removeItem(STORED)
  } catch {
    // Without storage a reload signs out.
  }
}

/** @param answer a session as the API returns it */
export function openSession(answer) {
  lastActive = Date.now()
  store({
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token,
    expiresAt: Date.now() + answer.expires_in * 1000,
    user: answer.user,
  })
}

/** Ends the session here; `reason` is shown on the sign-in page. */
function dropSession(reason) {
  if (!session) return
  store(undefined)
  if (listeners.size === 0) unheard = { reason }
  for (const listener of listeners) listener(reason)
}

export async function signOut(reason) {
  const token = session?.accessToken
  dropSession(reason)
  if (token) await send('POST', '/logout', { query: { scope: 'local' }, token }).catch(() => undefined)
}

/** The claims of the access token; it is not verified here, since the server decides. */
export function claims() {
  const [, payload = ''] = session?.accessToken.split('.') ?? []
  const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
  return JSON.parse(new TextDecoder().decode(bytes))
}

/** A request without the session of this page, such as a sign-in. */
export async function send(method, path, { body, query, token, signal } = {}) {
  const parameters = new URLSearchParams(
    Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== ''),
  )
  const search = parameters.size > 0 ? `?${parameters}` : ''
  let response
  try {
    response = await fetch(`${BASE}${path}${search}`, {
      method,
      signal,
      credentials: 'omit',
      cache: 'no-store',
      headers: {
        'x-supabase-api-version': '2024-01-01',
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  } catch (error) {
    if (error.name === 'AbortError') throw error
    throw new ApiError({ status: 0, code: 'offline', message: 'The server cannot be reached.' })
  }
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json')
  const data = isJson && text !== '' ? JSON.parse(text) : text
  if (response.ok) return { data, headers: response.headers }
  throw new ApiError({
    status: response.status,
    code: data?.code ?? data?.error_code ?? data?.error,
    message: data?.message ?? data?.msg ?? data?.error_description ?? `The server responded with ${response.status}.`,
    requestId: response.headers.get('x-request-id') ?? undefined,
  })
}

/** A request of the signed-in administrator. */
export async function request(method, path, options) {
  await refreshIfNeeded()
  if (!session) throw new ApiError({ status: 401, code: 'no_session', message: 'You are signed out.' })
  try {
    return await send(method, path, { ...options, token: session.accessToken })
  } catch (error) {
    if (error.status === 401 || ENDED.includes(error.code)) dropSession('Your session has ended. Sign in again.')
    throw error
  }
}

export const get = async (path, query, signal) => (await request('GET', path, { query, signal })).data
export const post = async (path, body, query) => (await request('POST', path, { body, query })).data
export const put = async (path, body) => (await request('PUT', path, { body })).data
export const del = async (path, body) => (await request('DELETE', path, { body })).data

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
    if (error.status >= 400 && error.status < 500 && error.status !== 429)
      dropSession('Your session has ended. Sign in again.')
    throw error
  }
}

// A duplicated tab starts with a copy of the session. Two tabs must not refresh the same token, so the older one keeps it.
const startedAt = performance.timeOrigin
const tabs = new BroadcastChannel('latchkey-dashboard')
tabs.addEventListener('message', ({ data: { sessionId, since } }) => {
  if (!session || sessionId !== claims().session_id || since === startedAt) return
  if (since > startedAt) announce()
  else dropSession('This session is open in another tab. Sign in here as well.')
})
const announce = () => tabs.postMessage({ sessionId: claims().session_id, since: startedAt })
if (session) announce()

let lastActive = Date.now()
for (const type of ['pointerdown', 'keydown', 'wheel', 'touchstart'])
  addEventListener(type, () => (lastActive = Date.now()), { passive: true, capture: true })

/** Also when a tab comes back: timers of a hidden tab may sleep. */
function endIfIdle() {
  if (session && Date.now() - lastActive > IDLE_MS)
    void signOut('You were signed out after 30 minutes without activity.')
}
setInterval(endIfIdle, CHECK_IDLE_MS)
document.addEventListener('visibilitychange', endIfIdle)
