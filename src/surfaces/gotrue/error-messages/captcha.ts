/** Errors about captchas. */
import type { CaptchaReason } from '../../../core/kernel/reasons/captcha'
import type { ErrorResponse } from './error-answer'

export const captchaErrors: Record<CaptchaReason, ErrorResponse> = {
  captcha_token_missing: [400, 'captcha_failed', 'captcha protection: request disallowed (no captcha_token found)'],
  captcha_refused: [400, 'captcha_failed', ({ detail }) => `captcha protection: request disallowed (${detail})`],
  captcha_check_failed: [500, 'unexpected_failure', 'captcha verification process failed'],
  captcha_action_unknown: [400, 'validation_failed', ({ detail }) => `action must be one of ${detail}`],
}
