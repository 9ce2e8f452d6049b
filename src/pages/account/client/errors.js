/** What went wrong, in the language of the page. */
import { hasText, t, waitText } from './i18n.js'

/** A problem with one field of a form, found before the request. @param key of its text */
export class FieldError extends Error {
  constructor(field, key, values) {
    super(key)
    Object.assign(this, { field, key, values })
  }
}

/** A problem without a request, such as a cancelled passkey. @param key of its text */
export class PageError extends Error {
  constructor(key, values) {
    super(key)
    Object.assign(this, { key, values })
  }
}

/** Codes of methods that were turned off after the page was loaded. */
const NOT_OFFERED = /^(mfa_\w+_not_enabled|\w*provider_disabled|otp_disabled)$/

/** A hook of the operator that did not answer, or not as it should. */
const HOOK_FAILED = /^hook_/

/** @param error anything that was thrown */
export function errorText({ key, values, code, status, retryAfterSeconds, reasons, message }) {
  // The texts themselves could not be loaded.
  if (!hasText('errors.other')) return message
  if (key !== undefined) return t(key, values)
  if (status === 429 && retryAfterSeconds > 0) return t('errors.wait', { when: waitText(retryAfterSeconds) })
  if (status === 429 && !hasText(`errors.${code}`)) return t('errors.over_request_rate_limit')
  if (code === 'weak_password' && reasons?.includes('pwned')) return t('errors.pwned_password')
  if (hasText(`errors.${code}`)) return t(`errors.${code}`)
  if (NOT_OFFERED.test(code)) return t('errors.not_offered')
  // What failed is of no use to users; rules of the operator are in the message, such as that of a hook.
  return status >= 500 || HOOK_FAILED.test(code) ? t('errors.unexpected_failure') : t('errors.other', { message })
}
