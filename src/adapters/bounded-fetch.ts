/** Requests to other servers, bounded in time and size. Redirects to other hosts are not followed. */
import { readAtMost } from '../lib/read-at-most'

/** Far above any real provider response; key sets and profiles are a few kilobytes. */
const MAX_BYTES = 262_144

export type BoundedFetch = (url: string, init?: RequestInit) => Promise<Response>

/** @throws if the response is late or too large, or if there is none */
export function boundedFetch(
  timeoutMs: number,
  fetcher: typeof fetch = fetch,
  maxBytes: number = MAX_BYTES,
): BoundedFetch {
  return async (url, init = {}) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await fetcher(url, { ...init, redirect: 'manual', signal })
    const { bytes, isTooLarge } = await readAtMost(maxBytes, response.body)
    if (isTooLarge) throw new Error(`${new URL(url).host} answered with more than ${maxBytes} bytes`)
    const body = [204, 304].includes(response.status) ? null : bytes
    return new Response(body, { status: response.status, headers: response.headers })
  }
}
