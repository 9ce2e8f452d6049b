/**
 * hCaptcha and Cloudflare Turnstile, which verify tokens alike.
 * @see https://docs.hcaptcha.com/#verify-the-user-response-server-side
 * @see https://developers.cloudflare.com/turnstile/get-started/server-side-validation/
 */
import type { CaptchaResult, CaptchaVerifier } from '../../core/kernel/ports'
import { isJsonObject } from '../../lib/json'
import { boundedFetch } from '../bounded-fetch'

const SITE_VERIFY = {
  hcaptcha: { origin: 'https://hcaptcha.com', path: '/siteverify' },
  turnstile: { origin: 'https://challenges.cloudflare.com', path: '/turnstile/v0/siteverify' },
}

/** Real responses have a few hundred bytes. */
const MAX_BYTES = 65_536

export interface CaptchaVerifierOptions {
  provider: keyof typeof SITE_VERIFY
  secret: string
  timeoutMs: number
  /** Replaces the provider's own, in tests. */
  origin?: string | undefined
}

export function captchaVerifier({ provider, secret, timeoutMs, origin }: CaptchaVerifierOptions): CaptchaVerifier {
  const call = boundedFetch(timeoutMs, fetch, MAX_BYTES)
  const url = (origin ?? SITE_VERIFY[provider].origin) + SITE_VERIFY[provider].path
  return async ({ token, ip }) => {
    try {
      const body = new URLSearchParams({ secret, response: token, remoteip: ip })
      return resultOf(await call(url, { method: 'POST', body }))
    } catch (error) {
      return { outcome: 'unavailable', error: error instanceof Error ? error.message : String(error) }
    }
  }
}

/** As in GoTrue, the status does not matter; but a redirect is not an answer. */
async function resultOf(response: Response): Promise<CaptchaResult> {
  if (response.status >= 300 && response.status < 400) return unexpected(`a redirect (status ${response.status})`)
  const answer = parse(await response.text())
  if (!isJsonObject(answer)) return unexpected(`no JSON object (status ${response.status})`)
  const { success = false, 'error-codes': codes } = answer
  if (typeof success !== 'boolean') return unexpected('a `success` that is no boolean')
  if (success) return { outcome: 'passed' }
  return { outcome: 'refused', codes: Array.isArray(codes) ? codes.filter((code) => typeof code === 'string') : [] }
}

const unexpected = (what: string): CaptchaResult => ({ outcome: 'unavailable', error: `the provider sent ${what}` })

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
