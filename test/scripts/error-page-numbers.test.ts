/** The numbers on the error pages are those of the code and of the defaults. */
import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { byDefault, bytes, duration, number } from '../../scripts/docs/limits/values'
import { FACTOR_ATTEMPTS } from '../../src/core/factors/attempt-limit'
import { FEDERATED_SESSION_MS } from '../../src/core/federation/sessions'
import { MAX_CLAIMS_BYTES } from '../../src/core/hooks/custom-access-token'
import { BUDGET_MS, MAX_ANSWER_BYTES } from '../../src/core/hooks/hook-answer'
import { MAX_PASSWORD_BYTES } from '../../src/core/kernel/policy'
import { RECENT_SIGN_IN_MS } from '../../src/core/passwords/password-change'
import { MAX_PERSONAL_TOKEN_NAME, MAX_PERSONAL_TOKENS } from '../../src/core/sessions/personal-tokens'
import { VERIFICATION_LIFETIMES_MS } from '../../src/core/tokens/verification-record'
import { MAX_CODE_ATTEMPTS } from '../../src/core/tokens/verification-token'
import { MAX_EMAIL_LENGTH } from '../../src/core/users/users'
import { MAX_BODY_BYTES } from '../../src/http/body'
import { MAX_USER_METADATA_BYTES } from '../../src/lib/metadata'

const guesses = byDefault('AUTH_RATE_LIMIT_PASSWORD_GUESSES')
const network = byDefault('AUTH_RATE_LIMIT_NETWORK_GUESSES')
const codes = byDefault('AUTH_RATE_LIMIT_CODE_GUESSES')
const flow = byDefault('AUTH_EXTERNAL_FLOW_STATE_EXPIRY_DURATION')
const passwords = `Wrong passwords: ${guesses} for one account in an hour, ${network} from one network`
const { password_reset: reset, magic_link: magicLink, email_change: change, signup } = VERIFICATION_LIFETIMES_MS

const WORDS: Record<number, string> = { 5: 'five', 10: 'ten' }
/** A small number as the pages write it. */
const word = (count: number) => WORDS[count] ?? String(count)
/** A duration of one unit: an hour, a minute. */
const one = (text: string) => text.replace(/^1 (?=hour)/, 'an ').replace(/^1 /, 'a ')

const FACTS: [code: string, text: string][] = [
  ['bad_oauth_state', `took longer than ${flow} at the provider`],
  ['flow_state_expired', `More than ${flow} passed`],
  ['invalid_credentials', `limited to ${guesses} per account and hour`],
  ['current_password_invalid', `${guesses} per account and hour`],
  [
    'over_request_rate_limit',
    `${passwords}. Wrong codes: ${codes} for one email address or number in an hour, ${word(FACTOR_ATTEMPTS.max)} for second factors`,
  ],
  [
    'over_request_rate_limit',
    `More than ${byDefault('AUTH_RATE_LIMIT_MESSAGES_PER_RECIPIENT')} messages were sent to one recipient in an hour`,
  ],
  ['rate_limited', `${passwords}. Ten wrong codes of a second factor`],
  ['rate_limited', `less than ${one(byDefault('AUTH_SMTP_MAX_FREQUENCY'))} ago`],
  ['too_many_requests', passwords],
  ['too_many_requests', `${word(FACTOR_ATTEMPTS.max)} wrong codes of a second factor`],
  [
    'over_email_send_rate_limit',
    `\`AUTH_SMTP_MAX_FREQUENCY\` ago, ${one(byDefault('AUTH_SMTP_MAX_FREQUENCY'))} by default`,
  ],
  ['over_email_send_rate_limit', `by default ${byDefault('AUTH_RATE_LIMIT_EMAIL_SENT').split(' ')[0]} an hour`],
  ['over_sms_send_rate_limit', `by default ${byDefault('AUTH_RATE_LIMIT_SMS_SENT').split(' ')[0]} an hour`],
  ['mfa_required', `Ten wrong codes lock the factors of an account for ${duration(FACTOR_ATTEMPTS.windowMs)}`],
  [
    'mfa_verification_failed',
    `After ${word(FACTOR_ATTEMPTS.max)} wrong codes, all factors of the account are locked for ${duration(FACTOR_ATTEMPTS.windowMs)}`,
  ],
  ['mfa_recovery_codes_locked', `up to ${duration(FACTOR_ATTEMPTS.maxWindowMs)}`],
  ['mfa_challenge_expired', `longer than ${byDefault('AUTH_MFA_CHALLENGE_EXPIRY_DURATION')}`],
  ['otp_expired', `from ${duration(Math.min(reset, magicLink, signup))} to ${duration(change)}`],
  ['otp_expired', `After ${word(MAX_CODE_ATTEMPTS)} wrong attempts`],
  [
    'token_expired',
    `password resets last ${duration(reset)}, magic links ${duration(magicLink)}, and links for a change of address ${duration(change)}`,
  ],
  ['invite_not_found', `has expired (${one(duration(VERIFICATION_LIFETIMES_MS.invite))},`],
  ['reauthentication_not_valid', `More than ${one(duration(VERIFICATION_LIFETIMES_MS.reauthentication))} has passed`],
  ['reauthentication_needed', `more than ${duration(RECENT_SIGN_IN_MS)} ago`],
  ['invalid_refresh_token', `${byDefault('AUTH_REFRESH_TOKEN_TTL_SECONDS')} for native clients`],
  ['invalid_refresh_token', `${byDefault('AUTH_REFRESH_TOKEN_TTL')} for services`],
  [
    'invalid_token',
    `last ${byDefault('AUTH_ACCESS_TOKEN_TTL_SECONDS')}, those of services ${byDefault('AUTH_ACCESS_TOKEN_TTL').split(' ')[0]}.`,
  ],
  ['token_invalid', `(${one(byDefault('AUTH_FEDERATION_TOKEN_TTL'))} after sign-in or refresh)`],
  ['refresh_failed', `more than ${duration(FEDERATED_SESSION_MS)} ago`],
  ['request_timeout', `(${byDefault('AUTH_API_MAX_REQUEST_DURATION')})`],
  ['timeout', `(${byDefault('AUTH_API_MAX_REQUEST_DURATION')})`],
  ['request_entity_too_large', `larger than ${bytes(MAX_BODY_BYTES)}`],
  ['invalid_request', `larger than ${bytes(MAX_BODY_BYTES)}`],
  [
    'invalid_request',
    `longer than ${MAX_PERSONAL_TOKEN_NAME} characters, the expiry is in the past, or the user already has ${MAX_PERSONAL_TOKENS} tokens`,
  ],
  ['invalid_input', `larger than ${bytes(MAX_BODY_BYTES)}`],
  ['invalid_email', `more than ${MAX_EMAIL_LENGTH} characters`],
  ['validation_failed', `${MAX_PASSWORD_BYTES} bytes are the limit`],
  ['validation_failed', `limited to ${number(MAX_USER_METADATA_BYTES)} bytes of JSON`],
  ['validation_error', `longer than ${MAX_PASSWORD_BYTES} bytes`],
  ['weak_password', `longer than ${MAX_PASSWORD_BYTES} bytes`],
  ['hook_failed', `within ${duration(BUDGET_MS)}`],
  ['hook_timeout', `longer than ${duration(BUDGET_MS)}, retries included`],
  ['hook_payload_over_size_limit', `more than ${number(MAX_ANSWER_BYTES)} bytes`],
  ['hook_payload_over_size_limit', `limited to ${bytes(MAX_CLAIMS_BYTES)}`],
]

test.each(FACTS)('the page of %s says: %s', (code, text) => {
  const page = readFileSync(join(import.meta.dir, '../../docs/errors', `${code}.md`), 'utf8')
  expect(page.replace(/\s+/g, ' ')).toContain(text)
})
