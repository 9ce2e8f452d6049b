/** Requests to the public API. */

/** The path that this server has, from the address of this script: `/`, or more below a path of a proxy. */
export const ROOT = new URL('..', import.meta.url).pathname

const BASE = `${ROOT}auth/v1`

/** An error answer of the server. */
export class ApiError extends Error {
  constructor({ message, ...facts }) {
    super(message)
    Object.assign(this, facts)
  }
}

/**
 * A request without the session of this page, such as a sign-in.
 * @returns `{ data, headers }`
 * @throws ApiError with `status`, `code`, `requestId`, `retryAfterSeconds` and the `reasons` of a weak password;
 * without an answer the status is 0
 */
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
    throw unreachable()
  }
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json')
  const data = isJson && text !== '' ? JSON.parse(text) : text
  if (response.ok) return { data, headers: response.headers }
  throw errorOf(response, data)
}

const unreachable = () => new ApiError({ status: 0, code: 'offline', message: 'The server cannot be reached.' })

/**
 * JSON of this server that the page may have preloaded: a request without headers of its own.
 * @param path without a slash in front
 * @throws ApiError
 */
export async function readPreloaded(path) {
  const response = await fetch(`${ROOT}${path}`).catch(() => {
    throw unreachable()
  })
  const data = await response.json()
  if (response.ok) return data
  throw errorOf(response, data)
}

function errorOf({ status, headers }, data) {
  const message = data?.message ?? data?.msg ?? data?.error_description ?? `The server responded with ${status}.`
  // The wait for another message is in the text alone.
  const seconds = Number(headers.get('retry-after') ?? /after (\d+) seconds/.exec(message)?.[1])
  return new ApiError({
    status,
    message,
    code: data?.code ?? data?.error_code ?? data?.error,
    requestId: headers.get('x-request-id') ?? undefined,
    retryAfterSeconds: Number.isFinite(seconds) && status === 429 ? seconds : undefined,
    reasons: data?.weak_password?.reasons,
  })
}
