/** The session cookie of browsers (docs/decisions.md#d12), and which requests may use it. */
const NAME = 'latchkey_session'

export interface SessionCookie {
  token: string
  /** Whether the request comes from a page of this origin, as far as the browser reports. */
  isTrusted: boolean
}

/** With https, a name that no other host of the domain can set (RFC 6265bis §4.1.3.2). */
const nameFor = (apiUrl: string) => (isSecure(apiUrl) ? `__Host-${NAME}` : NAME)

const isSecure = (apiUrl: string) => apiUrl.startsWith('https:')

export function sessionCookieOf(request: Request, apiUrl: string): SessionCookie | undefined {
  const header = request.headers.get('cookie')
  if (header === null) return undefined
  const name = nameFor(apiUrl)
  for (const part of header.split(';')) {
    const [key, ...value] = part.trim().split('=')
    if (key === name && value.length > 0) return { token: value.join('='), isTrusted: isOwnPage(request, apiUrl) }
  }
  return undefined
}

/**
 * Whether a page of this server sent the request, by Fetch Metadata (W3C) and Origin: headers that a page of another
 * origin cannot set.
 */
export function isOwnPage({ method, headers, body }: Request, apiUrl: string): boolean {
  const site = headers.get('sec-fetch-site')
  if (method === 'GET' || method === 'HEAD') return site === null || site === 'same-origin' || site === 'none'
  const origin = headers.get('origin')
  const isSameOrigin = origin === null ? site === null : origin === new URL(apiUrl).origin
  const type = headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  return isSameOrigin && (body === null || type === 'application/json')
}

/** @param maxAgeMs 0 deletes the cookie */
export function setSessionCookie(apiUrl: string, token: string, maxAgeMs: number): string {
  const attributes = `Path=/; HttpOnly; SameSite=Lax; Max-Age=${Math.floor(maxAgeMs / 1000)}`
  return `${nameFor(apiUrl)}=${token}; ${attributes}${isSecure(apiUrl) ? '; Secure' : ''}`
}
