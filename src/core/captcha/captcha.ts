/** Whether a request has to bring the token of a captcha, and whether the token is good (docs/captcha.md). */
import { authenticateAdmin } from '../authentication/authenticate'
import { withCallSlot } from '../kernel/call-slots'
import type { Credentials } from '../kernel/caller'
import type { Context } from '../kernel/context'
import type { CaptchaResult } from '../kernel/ports'
import { Refusal } from '../kernel/refusal'
import type { Bucket } from '../kernel/request-limits'
import type { CaptchaAction } from './actions'
import { verifyProof } from './proof-of-work'

/** Maximum length in characters. The longest token of a provider is about a quarter of this. */
export const MAX_CAPTCHA_LENGTH = 16_384

export interface CaptchaRequirement {
  action: CaptchaAction
  /** The limit in which the request is counted before its token is looked at; none: the request is counted later. */
  after: Bucket | undefined
  credentials: Credentials
  /** Reads the token; not called for administrators. */
  readToken(): Promise<string | undefined>
}

/**
 * Verifies the token of a request once, unless an administrator sends it.
 * @returns the bucket in which the request was counted
 * @throws {Refusal<'too_many_requests' | 'captcha_token_missing' | 'captcha_refused' | 'captcha_check_failed'>}
 */
export async function requireCaptcha(
  context: Context,
  { action, after, credentials, readToken }: CaptchaRequirement,
): Promise<Bucket | undefined> {
  if (await isAdministrator(context, credentials)) return undefined
  if (after) context.limits.request(after, context.client.ip)
  const token = (await readToken())?.trim() ?? ''
  if (token === '') throw new Refusal('captcha_token_missing')
  const result = await verify(context, token, action)
  if (result.outcome === 'passed') return after
  if (result.outcome === 'refused') {
    reportSetupProblem(context, result.codes)
    throw new Refusal('captcha_refused', { detail: result.codes.join(', ') })
  }
  context.report('error', 'a captcha could not be verified', { error: result.error })
  throw new Refusal('captcha_check_failed')
}

async function verify(context: Context, token: string, action: CaptchaAction): Promise<CaptchaResult> {
  if (token.length > MAX_CAPTCHA_LENGTH) return { outcome: 'refused', codes: ['invalid-input-response'] }
  if (context.policy.captcha?.provider === 'pow') return verifyProof(context, { token, action })
  const { captchaVerifier, client } = context
  if (!captchaVerifier) throw new Error('there is nothing to verify a captcha with')
  const result = await withCallSlot(captchaVerifier, () => captchaVerifier({ token, ip: client.ip }))
  return result ?? { outcome: 'unavailable', error: 'too many pending requests to the provider' }
}

async function isAdministrator(context: Context, credentials: Credentials): Promise<boolean> {
  try {
    await authenticateAdmin(context, credentials)
    return true
  } catch (error) {
    if (error instanceof Refusal) return false
    throw error
  }
}

/** Codes of hCaptcha and Turnstile for a secret that is not the one of the site key. */
const WRONG_SECRET = /secret$/

/** A wrong secret refuses every request, so the operator has to know. */
function reportSetupProblem({ report }: Context, codes: readonly string[]): void {
  const about = codes.filter((code) => WRONG_SECRET.test(code))
  if (about.length > 0)
    report('error', 'the captcha provider does not accept AUTH_SECURITY_CAPTCHA_SECRET', { codes: about.join(', ') })
}
