/** POST over HTTP by `fetch`. */
import type { HttpPost } from '../core/kernel/ports'
import { readAtMost } from '../lib/read-at-most'

/** The timeout covers the whole response, including its body. */
export const httpPost: HttpPost = async ({ url, headers, body, timeoutMs, maxBytes }) => {
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal })
    const { bytes, isTooLarge } = await readAtMost(maxBytes, response.body)
    return {
      outcome: 'answered',
      status: response.status,
      contentType: response.headers.get('content-type') ?? '',
      retryAfter: response.headers.get('retry-after') ?? '',
      body: bytes.toString(),
      isTooLarge,
    }
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError') return { outcome: 'timed_out' }
    return { outcome: 'unreachable', error: error instanceof Error ? error.message : String(error) }
  }
}
