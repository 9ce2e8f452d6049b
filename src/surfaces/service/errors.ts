/** Errors of `/api/auth`: `{"error","message"}`, with the field if there is one. */
import { MAX_PASSWORD_BYTES } from '../../core/kernel/policy'
import { HOOK_REASONS } from '../../core/kernel/reasons/hook'
import type { Detail, Reason, Refusal } from '../../core/kernel/refusal'
import { MAX_PERSONAL_TOKEN_NAME, MAX_PERSONAL_TOKENS } from '../../core/sessions/personal-tokens'
import { limitHeaders } from '../../http/limit-headers'
import { requestContextOf } from '../../http/request-context'
import { errorCodes } from '../../http/schemas'
import { mapReasons, SUPABASE_ONLY_REASONS } from '../../http/supabase-reasons'
import { targetOf } from '../../http/target'

type ErrorResponse = readonly [
  status: number | ((detail: Detail) => number),
  error: string,
  message: string | ((detail: Detail) => string),
  field?: string,
]

const INVALID_TOKEN: ErrorResponse = [401, 'invalid_token', 'This endpoint requires a valid bearer token']

const HOOK_FAILED: ErrorResponse = [502, 'hook_failed', 'A hook on this server failed; try again later']

/** The errors of refusals that endpoints here produce. */
export const responses = {
  ...mapReasons(HOOK_REASONS, HOOK_FAILED),
  hook_refused: [({ status = 500 }) => status, 'hook_refused', ({ detail = '' }) => detail],
  address_not_authorised: [403, 'address_not_authorized', 'This server does not send mail to this address'],
  token_unknown: [404, 'token_not_found', 'Token not found'],
  token_kind_mismatch: [400, 'token_kind_mismatch', 'This token has a different purpose'],
  token_used: [409, 'token_already_used', 'This token was already used or was replaced by a newer one'],
  token_expired: [410, 'token_expired', 'This token has expired'],
  bearer_missing: INVALID_TOKEN,
  api_key_unknown: [401, 'invalid_api_key', 'Invalid API key: it does not belong to this server'],
  token_invalid: INVALID_TOKEN,
  token_without_subject: INVALID_TOKEN,
  token_subject_malformed: INVALID_TOKEN,
  token_session_malformed: INVALID_TOKEN,
  user_gone: INVALID_TOKEN,
  session_gone: INVALID_TOKEN,
  session_over: INVALID_TOKEN,
  second_factor_needed: [401, 'mfa_required', 'This account has a second factor; a valid code is required'],
  aal_too_low: [403, 'mfa_required', 'This endpoint requires a session that has passed the second factor'],
  csrf_rejected: [
    403,
    'csrf_rejected',
    'The session cookie is accepted for JSON requests from pages of this origin only',
  ],
  external_user: [403, 'external_user', 'The account of this token belongs to another server'],
  personal_token_not_allowed: [403, 'session_required', 'A personal access token is not sufficient; please sign in'],
  not_admin: [403, 'admin_required', 'This endpoint requires an administrator'],
  credentials_wrong: [401, 'invalid_credentials', 'Invalid identifier or password'],
  email_not_confirmed: [403, 'email_not_confirmed', 'The email address has not been confirmed yet'],
  refresh_refused: [401, 'invalid_refresh_token', 'This refresh token is not valid'],
  refresh_token_ambiguous: [
    422,
    'validation_error',
    'Either refreshToken or refresh_token is required, but not both',
    'refresh_token',
  ],
  identifier_missing: [422, 'validation_error', 'An email address, a username or a uid is required', 'email'],
  password_missing: [422, 'validation_error', 'A password is required', 'password'],
  introspection_token_missing: [422, 'validation_error', 'A token is required', 'token'],
  grant_unsupported: [400, 'unsupported_grant_type', 'The only supported grantType is `password`'],
  token_request_malformed: [400, 'invalid_request', 'grantType, email (or username) and password are required'],
  personal_token_unknown: [404, 'not_found', 'Token not found'],
  personal_token_name: [
    400,
    'invalid_request',
    `The name must have 1 to ${MAX_PERSONAL_TOKEN_NAME} characters`,
    'name',
  ],
  personal_token_expiry: [400, 'invalid_request', 'expiresAt must be in the future', 'expiresAt'],
  personal_tokens_too_many: [
    400,
    'invalid_request',
    `A user may have at most ${MAX_PERSONAL_TOKENS} personal access tokens`,
  ],
  role_unknown: [404, 'not_found', 'There is no such role, or the user does not have it'],
  user_unknown: [404, 'not_found', 'User not found'],
  user_banned: [403, 'user_inactive', 'This account is not allowed to sign in'],
  signup_disabled: [403, 'signup_disabled', 'Sign-up is disabled'],
  email_signup_disabled: [403, 'signup_disabled', 'Sign-up by email is disabled'],
  email_login_disabled: [403, 'email_login_disabled', 'Sign-in by email is disabled'],
  user_exists: [409, 'email_exists', 'This email address is already taken'],
  email_taken: [409, 'email_exists', 'This email address is already taken'],
  email_unchanged: [422, 'validation_error', 'The new email address must differ from the current one', 'new_email'],
  email_missing: [422, 'validation_error', 'An email address is required', 'email'],
  email_malformed: [422, 'validation_error', 'The email address is not valid', 'email'],
  email_too_long: [422, 'validation_error', 'The email address is too long', 'email'],
  metadata_too_large: [422, 'validation_error', 'The display name is too long', 'display_name'],
  account_sso_managed: [403, 'user_sso_managed', 'The email address of this account is managed by single sign-on'],
  password_weak: [422, 'validation_error', ({ weakness }) => weakness?.message ?? '', 'new_password'],
  password_too_long: [
    422,
    'validation_error',
    `A password can have at most ${MAX_PASSWORD_BYTES} bytes`,
    'new_password',
  ],
  breach_check_unavailable: [503, 'unavailable', 'The password check is temporarily unavailable; try again later'],
  after_user_created_failed: HOOK_FAILED,
  mfa_attempt_rejected: [403, 'mfa_rejected', ({ detail = 'Further second-factor attempts are rejected' }) => detail],
  password_attempt_rejected: [403, 'login_rejected', ({ detail = 'Further password attempts are rejected' }) => detail],
  mail_too_soon: [429, 'rate_limited', 'A mail was sent recently; please wait'],
  mail_limit_reached: [429, 'rate_limited', 'This server has reached its mail limit; try again later'],
  captcha_token_missing: [400, 'captcha_failed', 'The token of a solved captcha is required'],
  captcha_refused: [400, 'captcha_failed', ({ detail }) => `The captcha was not accepted: ${detail}`],
  captcha_check_failed: [503, 'unavailable', 'The captcha cannot be verified at the moment; try again later'],
  too_many_requests: [429, 'rate_limited', 'Too many requests; see Retry-After'],
  body_malformed: [400, 'invalid_request', ({ detail = '' }) => `The body is not a valid JSON object: ${detail}`],
  body_too_large: [413, 'invalid_request', 'The body is too large'],
  rejected_by_database: [500, 'internal_error', 'The database rejected the change; see the log'],
  unavailable: [503, 'unavailable', ({ detail }) => `The server is temporarily unavailable: ${detail}`],
  request_timeout: [504, 'timeout', 'The request timed out'],
} satisfies Partial<Record<Reason, ErrorResponse>>

/** Reasons that no endpoint here produces. */
const UNREACHABLE_REASONS = [
  ...SUPABASE_ONLY_REASONS,
  'server_not_allowed',
  'upstream_unavailable',
  'external_auth_failed',
  'external_captcha_failed',
  'logout_failed',
  'username_taken',
  'username_malformed',
  'password_unchanged',
  'password_of_anonymous_user',
  'current_password_missing',
  'current_password_wrong',
  'nonce_missing',
] as const satisfies readonly Reason[]

/** A new reason does not compile until it has an error here or is listed above. */
const errorAnswers: Record<Reason, ErrorResponse> = {
  ...mapReasons<(typeof UNREACHABLE_REASONS)[number], ErrorResponse>(UNREACHABLE_REASONS, [
    400,
    'invalid_request',
    'This request is not supported here',
  ]),
  ...responses,
}

/** Errors besides those of refusals. */
export const furtherErrors = {
  wrongType: [422, 'validation_error', 'This field has the wrong type'],
  unknownPath: [404, 'not_found', 'Endpoint not found'],
  wrongMethod: [405, 'method_not_allowed', ({ detail }) => `This endpoint supports ${detail}`],
  fault: [500, 'internal_error', 'Internal server error; see the log'],
} as const satisfies Record<string, ErrorResponse>

/** Native clients get one error for an invalid body, services one for the field (docs/other-surfaces.md). */
const isNative = (path: string) => /\/tokens?$/.test(path)

/** Every code of an error. */
export const ERROR_CODES = errorCodes(
  [...Object.values(errorAnswers), ...Object.values(furtherErrors)].map(([, code]) => code),
)

export function answerRefusal({ reason, detail }: Refusal, request: Request): Response {
  const isWrongType = reason === 'body_malformed' && detail.field !== undefined && !isNative(targetOf(request).path)
  const response = isWrongType ? furtherErrors.wrongType : errorAnswers[reason]
  return answer(request, response, { detail, headers: { 'cache-control': 'no-store', ...limitHeaders(detail) } })
}

export const answerFault = (request: Request): Response => answer(request, furtherErrors.fault)

/** @param methods that the path supports; empty if it is unknown */
export function answerUnmatched(request: Request, methods: readonly string[]): Response {
  if (methods.length === 0) return answer(request, furtherErrors.unknownPath)
  const allow = methods.join(', ')
  return answer(request, furtherErrors.wrongMethod, { detail: { detail: allow }, headers: { allow } })
}

interface Particulars {
  detail?: Detail
  headers?: Record<string, string>
}

function answer(request: Request, response: ErrorResponse, { detail = {}, headers }: Particulars = {}): Response {
  const [answered, error, text, named = detail.field] = response
  requestContextOf(request).errorCode = error
  const status = typeof answered === 'number' ? answered : answered(detail)
  const message = typeof text === 'string' ? text : text(detail)
  // Only a password reset calls the field `new_password`.
  const field = named === 'new_password' && !targetOf(request).path.includes('/password/') ? 'password' : named
  return new Response(JSON.stringify({ error, message, ...(field !== undefined && { detail: field }) }), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  })
}
