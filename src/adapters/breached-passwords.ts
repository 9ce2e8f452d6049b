/** Passwords of known breaches, as haveibeenpwned.com's Pwned Passwords and mirrors of it serve them. */
import type { BreachedPasswords } from '../core/ports'
import { readUpTo } from './http-post'

const TIMEOUT_MS = 5000
/** A padded range has some 40 kB. */
const MAX_BYTES = 262_144
/** The rest of a SHA-1, and how often it was seen. */
const LINE = /^[0-9A-F]{35}:\d+$/

/** @param url below which `/range/<prefix>` is */
export function breachedPasswords({ url, userAgent }: { url: string; userAgent: string }): BreachedPasswords {
  return async (prefix) => {
    try {
      const response = await fetch(`${url}/range/${prefix}`, {
        headers: { 'add-padding': 'true', 'user-agent': userAgent },
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      const { body, isTooLarge } = await readUpTo(MAX_BYTES, response.body)
      if (response.status !== 200 || isTooLarge) return { outcome: 'failed', error: `status ${response.status}` }
      const lines = body.toUpperCase().split(/\r?\n/).filter(Boolean)
      // A page of some proxy's, say, must not count as a list without the password.
      if (lines.length === 0 || !lines.every((line) => LINE.test(line)))
        return { outcome: 'failed', error: 'the answer is no range of hashes' }
      return { outcome: 'answered', lines }
    } catch (error) {
      return { outcome: 'failed', error: error instanceof Error ? error.message : String(error) }
    }
  }
}
