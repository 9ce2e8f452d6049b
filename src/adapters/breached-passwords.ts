/** Passwords of known breaches, as haveibeenpwned.com's Pwned Passwords and mirrors of it serve them. */
import type { BreachedPasswords } from '../core/kernel/ports'
import { readAtMost } from '../lib/read-at-most'

const TIMEOUT_MS = 5000
/** After a timeout the service is not called for this long, so that an outage does not delay every request. */
const PAUSE_MS = 30_000
/** A padded range response is about 40 kB. */
const MAX_BYTES = 262_144
/** The remaining 35 hexadecimal digits of a SHA-1, and how often it was seen. */
const LINE = /^[0-9A-F]{35}:\d+$/

interface BreachedPasswordsOptions {
  /** Base URL of `/range/<prefix>`. */
  url: string
  userAgent: string
  timeoutMs?: number
  /** Milliseconds of a monotonic clock. */
  monotonic?: () => number
}

export function breachedPasswords(options: BreachedPasswordsOptions): BreachedPasswords {
  const { monotonic = () => performance.now() } = options
  let failure: { at: number; error: string } | undefined
  const ask = asking(options, (error) => {
    failure = { at: monotonic(), error }
  })
  return async (prefix) => {
    if (failure && monotonic() - failure.at < PAUSE_MS)
      return { outcome: 'failed', error: `skipped, because the last request failed: ${failure.error}` }
    return ask(prefix)
  }
}

function asking(
  { url, userAgent, timeoutMs = TIMEOUT_MS }: BreachedPasswordsOptions,
  onTimeout: (error: string) => void,
): BreachedPasswords {
  return async (prefix) => {
    try {
      const response = await fetch(`${url}/range/${prefix}`, {
        headers: { 'add-padding': 'true', 'user-agent': userAgent },
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      })
      const { bytes, isTooLarge } = await readAtMost(MAX_BYTES, response.body)
      if (response.status !== 200 || isTooLarge) return { outcome: 'failed', error: `status ${response.status}` }
      const lines = bytes.toString().toUpperCase().split(/\r?\n/).filter(Boolean)
      // An error page of a proxy, for example, must not be taken for a list without the password.
      if (lines.length === 0 || !lines.every((line) => LINE.test(line)))
        return { outcome: 'failed', error: 'the response is not a range of hashes' }
      return { outcome: 'answered', lines }
    } catch (error) {
      if (error instanceof Error && error.name === 'TimeoutError') onTimeout(error.message)
      return { outcome: 'failed', error: error instanceof Error ? error.message : String(error) }
    }
  }
}
