/** Requests to other servers: with an end in time and in size, and without following anybody elsewhere. */

/** No answer of a provider is near this; key sets and profiles are some kilobytes. */
const MAX_BYTES = 262_144

export type BoundedFetch = (url: string, init?: RequestInit) => Promise<Response>

/** @throws where the answer is late, too large, or there is none */
export function boundedFetch(
  timeoutMs: number,
  fetcher: typeof fetch = fetch,
  maxBytes: number = MAX_BYTES,
): BoundedFetch {
  return async (url, init = {}) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await fetcher(url, { ...init, redirect: 'manual', signal })
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      size += chunk.length
      if (size > maxBytes) throw new Error(`${new URL(url).host} answered with more than ${maxBytes} bytes`)
      chunks.push(chunk)
    }
    const body = [204, 304].includes(response.status) ? null : Buffer.concat(chunks)
    return new Response(body, { status: response.status, headers: response.headers })
  }
}
