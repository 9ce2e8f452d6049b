/** How the endpoints below `/api/auth` say a refusal: `{"error","message"}`, with the field where there is one. */
import { HOOK_REASONS } from '../../core/reasons/hook'
import type { Detail, Reason, Refusal } from '../../core/refusal'
import { limitHeaders } from '../../http/limit-headers'
import { forAll, SUPABASE_ONLY } from '../../http/supabase-only'
import { targetOf } from '../../http/target'

type Answer = readonly [status: number, error: string, message: string | ((detail: Detail) => string), field?: string]

const SIGNED_OUT: Answer = [401, 'invalid_token', 'This needs a valid bearer token']

const HOOK_FAILED: Answer = [502, 'delivery_failed', 'The mail could not be handed over; try again later']

const answers = {
  ...forAll(HOOK_REASONS, HOOK_FAILED),
  address_not_authorised: [403, 'address_not_authorized', 'This server sends no mail to this address'],
  token_unknown: [404, 'token_not_found', 'There is no such token'],
  token_kind_mismatch: [400, 'token_kind_mismatch', 'This token is for something else'],
  token_used: [409, 'token_already_used', 'This token was used before, or a newer one took its place'],
  token_expired: [410, 'token_expired', 'This token is past its time'],
  bearer_missing: SIGNED_OUT,
  api_key_unknown: [401, 'invalid_api_key', 'Invalid API key: it is not one of this server'],
  token_invalid: SIGNED_OUT,
  token_without_subject: SIGNED_OUT,
  token_subject_malformed: SIGNED_OUT,
  token_session_malformed: SIGNED_OUT,
  user_gone: SIGNED_OUT,
  session_gone: SIGNED_OUT,
  session_over: SIGNED_OUT,
  second_factor_needed: [401, 'mfa_required', 'This account has a second factor; add a right code of it'],
  aal_too_low: [403, 'mfa_required', 'This needs a session that has passed the second factor'],
  csrf_rejected: [403, 'csrf_rejected', 'A cookie counts only for JSON requests from pages of this origin'],
  external_user: [403, 'external_user', 'The account of this token is of another server'],
  not_in_person: [403, 'session_required', 'A personal access token is not enough; sign in'],
  not_admin: [403, 'admin_required', 'This is for administrators'],
  credentials_wrong: [401, 'invalid_credentials', 'Who or with which password: one of them is wrong'],
  email_not_confirmed: [403, 'email_not_confirmed', 'The address has not been confirmed yet'],
  refresh_refused: [401, 'invalid_refresh_token', 'This refresh token is good for nothing (any more)'],
  refresh_token_ambiguous: [
    422,
    'validation_error',
    'Give refreshToken or refresh_token, and only one of them',
    'refresh_token',
  ],
  identifier_missing: [422, 'validation_error', 'An address, a username or a uid is needed', 'email'],
  password_missing: [422, 'validation_error', 'A password is needed', 'password'],
  introspection_token_missing: [422, 'validation_error', 'A token is needed', 'token'],
  grant_unsupported: [400, 'unsupported_grant_type', 'The grantType is `password`, and nothing else yet'],
  token_request_malformed: [400, 'invalid_request', 'grantType, email (or username) and password are needed'],
  personal_token_unknown: [404, 'not_found', 'You have no such token'],
  personal_token_name: [400, 'invalid_request', 'A name has 1 to 100 characters', 'name'],
  personal_token_expiry: [400, 'invalid_request', 'expiresAt is an instant that is still to come', 'expiresAt'],
  personal_tokens_too_many: [400, 'invalid_request', 'A user has 100 personal access tokens at most'],
  role_unknown: [404, 'not_found', 'There is no such role, or the user has it not'],
  user_unknown: [404, 'not_found', 'There is no such user'],
  user_banned: [403, 'user_inactive', 'This account may not sign in'],
  signup_disabled: [403, 'signup_disabled', 'This server takes no new accounts'],
  email_signup_disabled: [403, 'signup_disabled', 'This server takes no new accounts by e-mail'],
  email_login_disabled: [403, 'email_login_disabled', 'This server signs nobody in by e-mail'],
  user_exists: [409, 'email_exists', 'Another account has this address'],
  email_taken: [409, 'email_exists', 'Another account has this address'],
  email_unchanged: [422, 'validation_error', 'This is the present address', 'new_email'],
  email_missing: [422, 'validation_error', 'An address is needed', 'email'],
  email_malformed: [422, 'validation_error', 'This is no address', 'email'],
  email_too_long: [422, 'validation_error', 'The address is too long', 'email'],
  metadata_too_large: [422, 'validation_error', 'The display name is too long', 'display_name'],
  account_sso_managed: [403, 'user_sso_managed', 'The address of this account is that of its single sign-on'],
  password_weak: [422, 'validation_error', ({ weakness }) => weakness?.message ?? '', 'new_password'],
  password_too_long: [422, 'validation_error', 'A password has 72 bytes at most', 'new_password'],
  breach_check_unavailable: [503, 'unavailable', 'Passwords cannot be checked at the moment; try again later'],
  mfa_attempt_rejected: [403, 'mfa_rejected', ({ detail = 'No further code of a second factor is taken' }) => detail],
  password_attempt_rejected: [403, 'login_rejected', ({ detail = 'No further password is taken' }) => detail],
  mail_too_soon: [429, 'rate_limited', 'A mail went out a moment ago; wait a little'],
  mail_limit_reached: [429, 'rate_limited', 'This server has sent all the mails it may for now'],
  too_many_requests: [429, 'rate_limited', 'Too many requests; Retry-After says when to come back'],
  body_malformed: [400, 'invalid_request', ({ detail = '' }) => `The body is no JSON object as expected: ${detail}`],
  body_too_large: [413, 'invalid_request', 'The body is too large'],
  unavailable: [503, 'unavailable', ({ detail }) => `The server cannot do this at the moment: ${detail}`],
  request_timeout: [504, 'timeout', 'This took too long'],
} satisfies Partial<Record<Reason, Answer>>

/** What no endpoint here comes to; a request that did could not be met. */
const ELSEWHERE = [
  ...SUPABASE_ONLY,
  'server_not_allowed',
  'upstream_unavailable',
  'external_auth_failed',
  'logout_failed',
  'username_taken',
  'username_malformed',
  'password_unchanged',
  'password_of_anonymous_user',
  'current_password_missing',
  'current_password_wrong',
  'nonce_missing',
] as const satisfies readonly Reason[]

/** A new reason does not compile until it has its words, or its place among those of elsewhere. */
const words: Record<Reason, Answer> = {
  ...forAll<(typeof ELSEWHERE)[number], Answer>(ELSEWHERE, [400, 'invalid_request', 'This cannot be done']),
  ...answers,
}

const WRONG_TYPE: Answer = [422, 'validation_error', 'This field is of the wrong type']

/** Native clients are told of a bad body in one way (native-tokens.md), services of the field (service.md). */
const isNative = (path: string) => /\/tokens?$/.test(path)

export function answerRefusal({ reason, detail }: Refusal, request: Request): Response {
  const isWrongType = reason === 'body_malformed' && detail.field !== undefined && !isNative(targetOf(request).path)
  const [status, error, said, named = detail.field] = isWrongType ? WRONG_TYPE : words[reason]
  // Only a reset calls it the new one.
  const field = named === 'new_password' && !targetOf(request).path.includes('/password/') ? 'password' : named
  const message = typeof said === 'string' ? said : said(detail)
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store', ...limitHeaders(detail) }
  return new Response(JSON.stringify({ error, message, ...(field !== undefined && { detail: field }) }), {
    status,
    headers,
  })
}

export function answerFault(): Response {
  return Response.json({ error: 'internal_error', message: 'The server failed; its log tells why' }, { status: 500 })
}
