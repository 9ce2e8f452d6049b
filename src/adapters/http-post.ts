/** POST over HTTP by `fetch`. */
import type { HttpPost } from '../core/ports'

/** The timeout covers the whole response, including its body. */
export const httpPost: HttpPost = async ({ url, headers, body, timeoutMs, maxBytes }) => {
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal })
    return {
      outcome: 'answered',
      status: response.status,
      contentType: response.headers.get('content-type') ?? '',
      retryAfter: response.headers.get('retry-after') ?? '',
      ...(await readUpTo(maxBytes, response.body)),
    }
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError') return { outcome: 'timed_out' }
    return { outcome: 'unreachable', error: error instanceof Error ? error.message : String(error) }
  }
}

/** Reads the body up to the limit; the rest is not transferred. */
export async function readUpTo(maxBytes: number, stream: ReadableStream<Uint8Array> | null) {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stream ?? []) {
    chunks.push(chunk.subarray(0, maxBytes - length))
    length += chunk.length
    if (length > maxBytes) break // which also ends the transfer
  }
  return { body: Buffer.concat(chunks).toString(), isTooLarge: length > maxBytes }
}
