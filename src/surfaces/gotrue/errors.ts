/** How GoTrue says each refusal (contract 0.4 and 9): status, code and words, in two shapes by API version. */
import type { Detail, Reason, Refusal } from '../../core/refusal'
import { encodeJson, MAX_METADATA_CHARACTERS, MAX_METADATA_VALUES } from '../../lib/json'

type Answer = readonly [status: number, code: string, message: string | ((detail: Detail) => string)]

const quoted = ({ detail = '' }: Detail) => JSON.stringify(detail)

/** Missing a reason does not compile. */
const answers: Record<Reason, Answer> = {
  bearer_missing: [401, 'no_authorization', 'This endpoint requires a valid Bearer token'],
  token_invalid: [403, 'bad_jwt', ({ detail }) => `invalid JWT: unable to parse or verify signature, ${detail}`],
  token_without_subject: [403, 'bad_jwt', 'invalid claim: missing sub claim'],
  token_subject_malformed: [400, 'bad_jwt', 'invalid claim: sub claim must be a UUID'],
  token_session_malformed: [403, 'bad_jwt', 'invalid claim: session_id claim must be a UUID'],
  user_gone: [403, 'user_not_found', 'User from sub claim in JWT does not exist'],
  session_gone: [403, 'session_not_found', 'Session from session_id claim in JWT does not exist'],
  session_over: [403, 'session_expired', 'Session is no longer valid'],
  user_banned: [403, 'user_banned', 'User is banned'],
  not_admin: [403, 'not_admin', 'User not allowed'],
  audience_mismatch: [400, 'validation_failed', "Token audience doesn't match request audience"],

  signup_disabled: [422, 'signup_disabled', 'Signups not allowed for this instance'],
  anonymous_disabled: [422, 'anonymous_provider_disabled', 'Anonymous sign-ins are disabled'],
  email_signup_disabled: [400, 'email_provider_disabled', 'Email signups are disabled'],
  phone_signup_disabled: [400, 'phone_provider_disabled', 'Phone signups are disabled'],
  email_login_disabled: [422, 'email_provider_disabled', 'Email logins are disabled'],
  phone_login_disabled: [422, 'phone_provider_disabled', 'Phone logins are disabled'],
  email_missing: [400, 'validation_failed', 'An email address is required'],
  email_too_long: [400, 'validation_failed', 'An email address is too long'],
  email_malformed: [400, 'validation_failed', 'Unable to validate email address: invalid format'],
  phone_malformed: [400, 'validation_failed', 'Invalid phone number format (E.164 required)'],
  email_and_phone_at_signup: [
    400,
    'validation_failed',
    'Only an email address or phone number should be provided on signup.',
  ],
  email_and_phone_at_login: [
    400,
    'validation_failed',
    'Only an email address or phone number should be provided on login.',
  ],
  email_or_phone_missing: [400, 'validation_failed', 'missing email or phone'],
  account_without_email_or_phone: [400, 'validation_failed', 'Cannot create a user without either an email or phone'],
  user_exists: [422, 'user_already_exists', 'User already registered'],
  email_taken: [422, 'email_exists', 'A user with this email address has already been registered'],
  phone_taken: [422, 'phone_exists', 'A user with this phone number has already been registered'],
  phone_taken_by_another: [422, 'phone_exists', 'Phone number already registered by another user'],
  id_taken: [422, 'conflict', 'A user with this ID already exists'],
  id_malformed: [400, 'validation_failed', 'ID must conform to the uuid v4 format'],
  id_nil: [400, 'validation_failed', 'ID cannot be a nil uuid'],
  user_id_malformed: [404, 'validation_failed', 'user_id must be an UUID'],
  user_unknown: [404, 'user_not_found', 'User not found'],
  app_metadata_reserved: [403, 'not_admin', 'Updating app_metadata requires admin privileges'],
  metadata_too_large: [
    400,
    'validation_failed',
    `Metadata is too large: ${MAX_METADATA_CHARACTERS / 1024} KiB of JSON and ${MAX_METADATA_VALUES} values are the most a user can have`,
  ],
  metadata_unstorable: [400, 'validation_failed', 'Metadata cannot hold NUL characters'],
  ban_duration_malformed: [
    400,
    'validation_failed',
    (detail) => `invalid format for ban duration: time: invalid duration ${quoted(detail)}`,
  ],
  confirmation_mail_failed: [500, 'unexpected_failure', 'Error sending confirmation email'],
  email_change_mail_failed: [500, 'unexpected_failure', 'Error sending email change email'],
  sms_unavailable: [500, 'unexpected_failure', 'Unable to get SMS provider'],

  credentials_wrong: [400, 'invalid_credentials', 'Invalid login credentials'],
  credentials_of_banned_user: [400, 'user_banned', 'User is banned'],
  email_not_confirmed: [400, 'email_not_confirmed', 'Email not confirmed'],
  phone_not_confirmed: [400, 'phone_not_confirmed', 'Phone not confirmed'],
  password_missing: [400, 'validation_failed', 'Signup requires a valid password'],
  password_too_long: [400, 'validation_failed', 'Password cannot be longer than 72 characters'],
  password_weak: [422, 'weak_password', ({ weakness }) => weakness?.message ?? ''],
  password_unchanged: [422, 'same_password', 'New password should be different from the old password.'],
  password_of_anonymous_user: [
    422,
    'validation_failed',
    'Updating password of an anonymous user without an email or phone is not allowed',
  ],
  current_password_missing: [400, 'current_password_required', 'Current password required when setting new password.'],
  current_password_wrong: [400, 'current_password_invalid', 'Current password required when setting new password.'],
  password_and_hash: [400, 'validation_failed', 'Only a password or a password hash should be provided'],
  password_hash_unknown: [400, 'validation_failed', 'Password hash must be bcrypt, argon2i, argon2id or fbscrypt'],

  refresh_token_malformed: [400, 'validation_failed', 'Refresh token is not valid'],
  refresh_token_unknown: [400, 'refresh_token_not_found', 'Invalid Refresh Token: Refresh Token Not Found'],
  refresh_token_not_issued: [400, 'validation_failed', 'Invalid Refresh Token: Not Issued By This Server'],
  refresh_token_used: [400, 'refresh_token_already_used', 'Invalid Refresh Token: Already Used'],
  refresh_of_banned_user: [400, 'user_banned', 'Invalid Refresh Token: User Banned'],
  session_expired: [400, 'session_expired', 'Invalid Refresh Token: Session Expired'],
  session_inactive: [400, 'session_expired', 'Invalid Refresh Token: Session Expired (Inactivity)'],
  session_unknown: [404, 'validation_failed', 'Session not found'],
  logout_scope_unknown: [400, 'validation_failed', (detail) => `Unsupported logout scope ${quoted(detail)}`],

  body_malformed: [400, 'bad_json', ({ detail }) => `Could not parse request body as JSON: ${detail}`],
  body_too_large: [413, 'request_entity_too_large', 'Request body too large (max 1048576 bytes)'],
  page_malformed: [400, 'validation_failed', ({ detail }) => `Bad Pagination Parameters: ${detail}`],
  sort_malformed: [400, 'validation_failed', ({ detail }) => `Bad Sort Parameters: ${detail}`],
  audit_query_malformed: [400, 'validation_failed', ({ detail }) => `Invalid query scope: ${detail}`],
  grant_unknown: [400, 'invalid_credentials', 'unsupported_grant_type'],
  id_token_missing: [400, '', 'id_token required'],
  id_token_provider_missing: [400, '', 'provider or client_id and issuer required'],
  id_token_provider_unknown: [
    400,
    'validation_failed',
    (detail) => `Custom OIDC provider ${quoted(detail)} not allowed`,
  ],
  web3_disabled: [422, 'web3_provider_disabled', 'Web3 provider is disabled'],
  saml_off: [404, 'saml_provider_disabled', 'SAML 2.0 is disabled'],
  oauth_server_off: [404, 'feature_disabled', 'OAuth server is disabled'],
  passkeys_off: [404, 'passkey_disabled', 'Passkeys are disabled'],
  scim_off: [404, 'feature_disabled', 'SCIM server is disabled'],

  too_many_requests: [429, 'over_request_rate_limit', 'Request rate limit reached'],
  request_timeout: [504, 'request_timeout', 'Processing this request timed out, please retry after a moment.'],
}

/** GoTrue's only API version with a name; before it, errors had another shape. */
const VERSION = '2024-01-01'
const VERSION_HEADER = 'X-Supabase-Api-Version'

export function answerRefusal({ reason, detail }: Refusal, request: Request, requestId: string): Response {
  const [status, code, words] = answers[reason]
  const message = typeof words === 'string' ? words : words(detail)
  const headers = new Headers({ 'content-type': 'application/json' })
  if (detail.retryAfterMs !== undefined) headers.set('Retry-After', String(Math.ceil(detail.retryAfterMs / 1000)))
  const isCurrent = speaksCurrentVersion(request)
  if (isCurrent) headers.set(VERSION_HEADER, VERSION)
  // GoTrue's OAuth errors have no code and their own shape in every version
  if (code === '') return send(status, headers, { error: 'invalid request', error_description: message })
  if (!detail.weakness || !isCurrent) headers.set('x-sb-error-code', code)
  const weak = detail.weakness && { weak_password: { reasons: detail.weakness.reasons } }
  if (isCurrent) return send(status, headers, { code, message, ...weak })
  return send(status, headers, {
    code: status,
    error_code: code,
    msg: message,
    ...(status >= 500 && { error_id: requestId }),
    ...weak,
  })
}

/** The answer to a fault: nothing of its cause. */
export function answerFault(request: Request, requestId: string): Response {
  const code = 'unexpected_failure'
  const message = 'Unexpected failure, please check server logs for more information'
  const headers = new Headers({ 'content-type': 'application/json', 'x-sb-error-code': code })
  if (!speaksCurrentVersion(request))
    return send(500, headers, { code: 500, error_code: code, msg: message, error_id: requestId })
  headers.set(VERSION_HEADER, VERSION)
  return send(500, headers, { code, message })
}

function send(status: number, headers: Headers, body: object): Response {
  return new Response(encodeJson(body), { status, headers })
}

/** Whether the client asks for the version of 2024-01-01 or a later one (contract 0.4). */
function speaksCurrentVersion({ headers }: Request): boolean {
  const asked = headers.get(VERSION_HEADER) ?? ''
  return /^\d{4}-\d{2}-\d{2}$/.test(asked) && !Number.isNaN(Date.parse(asked)) && asked >= VERSION
}
