/** How the federation surface says a refusal: a category, a code within it, and words (federation.md). */
import { HOOK_REASONS } from '../../core/reasons/hook'
import type { Detail, Reason, Refusal } from '../../core/refusal'
import { limitHeaders } from '../../http/limit-headers'
import { forAll, SUPABASE_ONLY } from '../../http/supabase-only'

type Answer = readonly [
  status: number,
  category: string,
  reason: string,
  message: string | ((detail: Detail) => string),
]

const TOKEN_INVALID: Answer = [401, 'unauthorized', 'token_invalid', 'The token is good for nothing (any more)']
const WRONG: Answer = [401, 'unauthorized', 'invalid_credentials', 'Who or with which password: one of them is wrong']
const HOOK_FAILED: Answer = [502, 'server_error', 'hook_failed', 'A hook of the operator did not answer as it should']
const UNUSABLE: Answer = [400, 'validation', 'invalid_input', 'This cannot be done']

const answers = {
  ...forAll(HOOK_REASONS, HOOK_FAILED),
  bearer_missing: [401, 'unauthorized', 'token_missing', 'This needs a bearer token'],
  api_key_unknown: [401, 'unauthorized', 'invalid_api_key', 'Invalid API key: it is not one of this server'],
  token_invalid: TOKEN_INVALID,
  token_without_subject: TOKEN_INVALID,
  token_subject_malformed: TOKEN_INVALID,
  token_session_malformed: TOKEN_INVALID,
  user_gone: TOKEN_INVALID,
  session_gone: TOKEN_INVALID,
  session_over: TOKEN_INVALID,
  csrf_rejected: [403, 'forbidden', 'csrf_rejected', 'A cookie counts only for requests from pages of this origin'],
  user_banned: [403, 'forbidden', 'user_inactive', 'This account may not sign in'],
  not_admin: [403, 'forbidden', 'admin_required', 'This is for administrators'],
  not_in_person: [403, 'forbidden', 'session_required', 'A personal access token is not enough; sign in'],
  external_user: [403, 'forbidden', 'external_user', 'The account is of another server; this has to be done there'],
  server_not_allowed: [403, 'forbidden', 'server_not_allowed', 'This server is not on the list (FEDERATION_SERVERS)'],
  upstream_unavailable: [502, 'server_error', 'upstream_unavailable', 'The other server gives no answer of use'],
  external_auth_failed: [401, 'unauthorized', 'external_auth_failed', 'The other server says no'],
  refresh_refused: [401, 'unauthorized', 'refresh_failed', 'There is no new token for this one; sign in again'],
  logout_failed: [401, 'unauthorized', 'logout_failed', 'The other server did not end the session'],
  credentials_wrong: WRONG,
  current_password_wrong: WRONG,
  current_password_missing: [400, 'validation', 'invalid_input', 'The present password is needed'],
  password_attempt_rejected: [401, 'unauthorized', 'invalid_credentials', ({ detail = 'Refused' }) => detail],
  mfa_attempt_rejected: [401, 'unauthorized', 'mfa_required', ({ detail = 'Refused' }) => detail],
  second_factor_needed: [401, 'unauthorized', 'mfa_required', 'This account has a second factor; add a right `code`'],
  aal_too_low: [401, 'unauthorized', 'mfa_required', 'This needs a session that has passed the second factor'],
  nonce_missing: [401, 'unauthorized', 'reauthentication_needed', 'The sign-in is too long ago; sign in again'],
  email_not_confirmed: [403, 'forbidden', 'email_not_confirmed', 'The address has not been confirmed yet'],
  email_login_disabled: [403, 'forbidden', 'email_login_disabled', 'This server signs nobody in by e-mail'],
  account_sso_managed: [403, 'forbidden', 'user_sso_managed', 'The password of this account is that of its sign-on'],
  user_unknown: [404, 'not_found', 'user_not_found', 'There is no such user'],
  identifier_missing: [400, 'validation', 'invalid_input', 'An id is needed: a username, an address or a uid'],
  password_missing: [400, 'validation', 'invalid_input', 'A password is needed'],
  password_unchanged: [400, 'validation', 'weak_password', 'The new password is the present one'],
  password_weak: [400, 'validation', 'weak_password', ({ weakness }) => weakness?.message ?? ''],
  password_too_long: [400, 'validation', 'weak_password', 'A password has 72 bytes at most'],
  password_of_anonymous_user: UNUSABLE,
  breach_check_unavailable: [503, 'server_error', 'unavailable', 'Passwords cannot be checked at the moment'],
  username_malformed: [
    400,
    'validation',
    'invalid_username',
    'A username has 3 to 32 of a-z, 0-9, ".", "_" and "-", begins with a letter, and is not `u` and a number',
  ],
  username_taken: [409, 'validation', 'user_exists', 'Another account has this username'],
  email_taken: [409, 'validation', 'user_exists', 'Another account has this address'],
  email_missing: [400, 'validation', 'invalid_email', 'An address is needed'],
  email_malformed: [400, 'validation', 'invalid_email', 'This is no address'],
  email_too_long: [400, 'validation', 'invalid_email', 'The address is too long'],
  body_malformed: [
    400,
    'validation',
    'invalid_input',
    ({ detail = '' }) => `The body is no JSON object as expected: ${detail}`,
  ],
  body_too_large: [413, 'validation', 'invalid_input', 'The body is too large'],
  too_many_requests: [429, 'rate_limit', 'too_many_requests', 'Too many requests; try again later'],
  unavailable: [
    503,
    'server_error',
    'unavailable',
    ({ detail }) => `The server cannot do this at the moment: ${detail}`,
  ],
  request_timeout: [504, 'server_error', 'timeout', 'This took too long'],
} satisfies Partial<Record<Reason, Answer>>

/** What no endpoint here comes to. */
const ELSEWHERE = [
  ...SUPABASE_ONLY,
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

/** A new reason does not compile until it has its words, or its place among those of elsewhere. */
const words: Record<Reason, Answer> = {
  ...forAll<(typeof ELSEWHERE)[number], Answer>(ELSEWHERE, UNUSABLE),
  ...answers,
}

export function answerRefusal({ reason, detail }: Refusal): Response {
  const [status, error, code, said] = words[reason]
  const message = typeof said === 'string' ? said : said(detail)
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store', ...limitHeaders(detail) }
  return new Response(JSON.stringify({ error, reason: code, message }), {
    status,
    headers,
  })
}

export function answerWrongMethod(methods: string[]): Response {
  const allowed = methods.join(', ')
  const message = `This endpoint takes ${allowed}`
  return Response.json(
    { error: 'method_error', reason: 'method_not_allowed', message },
    { status: 405, headers: { allow: allowed } },
  )
}

export function answerFault(): Response {
  const message = 'The server failed; its log tells why'
  return Response.json({ error: 'server_error', reason: 'internal_error', message }, { status: 500 })
}
