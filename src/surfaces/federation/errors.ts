/**
 * Errors of the federation surface: a category, a code within it, and a message (docs/other-surfaces.md#federation).
 */
import { MAX_PASSWORD_BYTES } from '../../core/kernel/policy'
import { HOOK_REASONS } from '../../core/kernel/reasons/hook'
import type { Detail, Reason, Refusal } from '../../core/kernel/refusal'
import { limitHeaders } from '../../http/limit-headers'
import { requestContextOf } from '../../http/request-context'
import { errorCodes } from '../../http/schemas'
import { mapReasons, SUPABASE_ONLY_REASONS } from '../../http/supabase-reasons'

type ErrorResponse = readonly [
  status: number,
  category: string,
  reason: string,
  message: string | ((detail: Detail) => string),
]

const TOKEN_INVALID: ErrorResponse = [401, 'unauthorized', 'token_invalid', 'The token is not valid']
const INVALID_CREDENTIALS: ErrorResponse = [
  401,
  'unauthorized',
  'invalid_credentials',
  'Invalid identifier or password',
]
const HOOK_FAILED: ErrorResponse = [502, 'server_error', 'hook_failed', 'A hook on this server failed']
const NOT_POSSIBLE: ErrorResponse = [400, 'validation', 'invalid_input', 'This request is not supported here']

/** The errors of refusals that endpoints here produce. */
export const responses = {
  ...mapReasons(HOOK_REASONS, HOOK_FAILED),
  bearer_missing: [401, 'unauthorized', 'token_missing', 'This endpoint requires a bearer token'],
  api_key_unknown: [401, 'unauthorized', 'invalid_api_key', 'Invalid API key: it does not belong to this server'],
  token_invalid: TOKEN_INVALID,
  token_without_subject: TOKEN_INVALID,
  token_subject_malformed: TOKEN_INVALID,
  token_session_malformed: TOKEN_INVALID,
  user_gone: TOKEN_INVALID,
  session_gone: TOKEN_INVALID,
  session_over: TOKEN_INVALID,
  csrf_rejected: [403, 'forbidden', 'csrf_rejected', 'The session cookie is accepted from pages of this origin only'],
  user_banned: [403, 'forbidden', 'user_inactive', 'This account is not allowed to sign in'],
  not_admin: [403, 'forbidden', 'admin_required', 'This endpoint requires an administrator'],
  personal_token_not_allowed: [
    403,
    'forbidden',
    'session_required',
    'A personal access token is not sufficient; please sign in',
  ],
  external_user: [403, 'forbidden', 'external_user', 'This account belongs to another server; use that server instead'],
  server_not_allowed: [403, 'forbidden', 'server_not_allowed', 'That server is not listed in FEDERATION_SERVERS'],
  upstream_unavailable: [502, 'server_error', 'upstream_unavailable', 'The other server did not respond as expected'],
  external_auth_failed: [401, 'unauthorized', 'external_auth_failed', 'The other server refused the sign-in'],
  external_captcha_failed: [
    400,
    'validation',
    'captcha_failed',
    'The other server requires the token of a captcha solved for it',
  ],
  refresh_refused: [401, 'unauthorized', 'refresh_failed', 'This token cannot be refreshed; please sign in again'],
  logout_failed: [401, 'unauthorized', 'logout_failed', 'The other server did not end the session'],
  credentials_wrong: INVALID_CREDENTIALS,
  current_password_wrong: INVALID_CREDENTIALS,
  current_password_missing: [400, 'validation', 'invalid_input', 'The current password is required'],
  after_user_created_failed: HOOK_FAILED,
  password_attempt_rejected: [401, 'unauthorized', 'invalid_credentials', ({ detail = 'Refused' }) => detail],
  mfa_attempt_rejected: [401, 'unauthorized', 'mfa_required', ({ detail = 'Refused' }) => detail],
  second_factor_needed: [
    401,
    'unauthorized',
    'mfa_required',
    'This account has a second factor; a valid `code` is required',
  ],
  aal_too_low: [
    401,
    'unauthorized',
    'mfa_required',
    'This endpoint requires a session that has passed the second factor',
  ],
  nonce_missing: [401, 'unauthorized', 'reauthentication_needed', 'This sign-in is too old; please sign in again'],
  email_not_confirmed: [403, 'forbidden', 'email_not_confirmed', 'The email address has not been confirmed yet'],
  email_login_disabled: [403, 'forbidden', 'email_login_disabled', 'Sign-in by email is disabled'],
  account_sso_managed: [
    403,
    'forbidden',
    'user_sso_managed',
    'The password of this account is managed by single sign-on',
  ],
  user_unknown: [404, 'not_found', 'user_not_found', 'User not found'],
  identifier_missing: [400, 'validation', 'invalid_input', 'An id is required: a username, an email address or a uid'],
  password_missing: [400, 'validation', 'invalid_input', 'A password is required'],
  password_unchanged: [400, 'validation', 'weak_password', 'The new password must differ from the current one'],
  password_weak: [400, 'validation', 'weak_password', ({ weakness }) => weakness?.message ?? ''],
  password_too_long: [400, 'validation', 'weak_password', `A password can have at most ${MAX_PASSWORD_BYTES} bytes`],
  password_of_anonymous_user: NOT_POSSIBLE,
  breach_check_unavailable: [503, 'server_error', 'unavailable', 'The password check is temporarily unavailable'],
  username_malformed: [
    400,
    'validation',
    'invalid_username',
    'A username has 3 to 32 characters of a-z, 0-9, ".", "_" and "-", begins with a letter, and is not `u` followed by a number',
  ],
  username_taken: [409, 'validation', 'user_exists', 'This username is already taken'],
  email_taken: [409, 'validation', 'user_exists', 'This email address is already taken'],
  email_missing: [400, 'validation', 'invalid_email', 'An email address is required'],
  email_malformed: [400, 'validation', 'invalid_email', 'The email address is not valid'],
  email_too_long: [400, 'validation', 'invalid_email', 'The email address is too long'],
  body_malformed: [
    400,
    'validation',
    'invalid_input',
    ({ detail = '' }) => `The body is not a valid JSON object: ${detail}`,
  ],
  body_too_large: [413, 'validation', 'invalid_input', 'The body is too large'],
  captcha_token_missing: [400, 'validation', 'captcha_failed', 'The token of a solved captcha is required'],
  captcha_refused: [400, 'validation', 'captcha_failed', ({ detail }) => `The captcha was not accepted: ${detail}`],
  captcha_check_failed: [503, 'server_error', 'unavailable', 'The captcha cannot be verified at the moment'],
  too_many_requests: [429, 'rate_limit', 'too_many_requests', 'Too many requests; try again later'],
  rejected_by_database: [500, 'server_error', 'internal_error', 'The database rejected the change; see the log'],
  unavailable: [503, 'server_error', 'unavailable', ({ detail }) => `The server is temporarily unavailable: ${detail}`],
  request_timeout: [504, 'server_error', 'timeout', 'The request timed out'],
} satisfies Partial<Record<Reason, ErrorResponse>>

/** Reasons that no endpoint here produces. */
const UNREACHABLE_REASONS = [
  ...SUPABASE_ONLY_REASONS,
  'refresh_token_ambiguous',
  'personal_token_unknown',
  'personal_token_name',
  'personal_token_expiry',
  'personal_tokens_too_many',
  'signup_disabled',
  'email_signup_disabled',
  'user_exists',
  'email_unchanged',
  'role_unknown',
  'mail_too_soon',
  'mail_limit_reached',
  'address_not_authorised',
  'token_unknown',
  'token_kind_mismatch',
  'token_used',
  'token_expired',
  'grant_unsupported',
  'token_request_malformed',
  'introspection_token_missing',
] as const satisfies readonly Reason[]

/** A new reason does not compile until it has an error here or is listed above. */
const errorAnswers: Record<Reason, ErrorResponse> = {
  ...mapReasons<(typeof UNREACHABLE_REASONS)[number], ErrorResponse>(UNREACHABLE_REASONS, NOT_POSSIBLE),
  ...responses,
}

/** Errors besides those of refusals. */
export const furtherErrors = {
  wrongMethod: [405, 'method_error', 'method_not_allowed', ({ detail }) => `This endpoint supports ${detail}`],
  fault: [500, 'server_error', 'internal_error', 'Internal server error; see the log'],
} as const satisfies Record<string, ErrorResponse>

const allErrors: ErrorResponse[] = [...Object.values(errorAnswers), ...Object.values(furtherErrors)]

/** Every category of an error. */
export const CATEGORIES = errorCodes(allErrors.map(([, category]) => category))

/** Every code of an error. */
export const ERROR_CODES = errorCodes(allErrors.map(([, , code]) => code))

export const answerRefusal = ({ reason, detail }: Refusal, request: Request): Response =>
  answer(request, errorAnswers[reason], { detail, headers: { 'cache-control': 'no-store', ...limitHeaders(detail) } })

export const answerFault = (request: Request): Response => answer(request, furtherErrors.fault)

export function answerWrongMethod(request: Request, methods: readonly string[]): Response {
  const allow = methods.join(', ')
  return answer(request, furtherErrors.wrongMethod, { detail: { detail: allow }, headers: { allow } })
}

interface Particulars {
  detail?: Detail
  headers?: Record<string, string>
}

function answer(request: Request, response: ErrorResponse, { detail = {}, headers }: Particulars = {}): Response {
  const [status, error, reason, text] = response
  requestContextOf(request).errorCode = reason
  const message = typeof text === 'string' ? text : text(detail)
  return new Response(JSON.stringify({ error, reason, message }), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  })
}
