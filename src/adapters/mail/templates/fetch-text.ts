/** Reads a template over HTTP: at most 10 s and 1 MB, and no redirect to another host. */
import { readAtMost } from '../../../lib/read-at-most'

const TIMEOUT_MS = 10_000
const MAX_BYTES = 1_000_000
const MAX_REDIRECTS = 5

/** @throws with the reason, without the URL */
export async function fetchText(url: string): Promise<string> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  let at = new URL(url)
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await fetch(at, { redirect: 'manual', signal })
    const location = response.headers.get('location')
    if (response.status < 300 || response.status > 399 || location === null) return bodyOf(response)
    await response.body?.cancel()
    at = redirected(at, location)
  }
  throw new Error(`it redirects more than ${MAX_REDIRECTS} times`)
}

function redirected(from: URL, location: string): URL {
  const to = new URL(location, from)
  if (to.host !== from.host) throw new Error(`it redirects to another host, ${to.host}`)
  if (to.protocol !== from.protocol && to.protocol !== 'https:') throw new Error(`it redirects to ${to.protocol}`)
  return to
}

async function bodyOf(response: Response): Promise<string> {
  if (!response.ok) {
    await response.body?.cancel()
    throw new Error(`it responded with ${response.status}`)
  }
  const { bytes, isTooLarge } = await readAtMost(MAX_BYTES, response.body)
  if (isTooLarge) throw new Error(`it is larger than ${MAX_BYTES} bytes`)
  return bytes.toString()
}
