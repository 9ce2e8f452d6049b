/** How the endpoints below `/api/auth` say a refusal: `{"error","message"}`, with the field where there is one. */
import { type Detail, HOOK_REASONS, type Reason, type Refusal } from '../../core/refusal'

type Answer = readonly [status: number, error: string, message: string | ((detail: Detail) => string), field?: string]

const SIGNED_OUT: Answer = [401, 'invalid_token', 'This needs a valid bearer token']

const HOOK_FAILED: Answer = [502, 'delivery_failed', 'The mail could not be handed over; try again later']

const answers = {
  ...(Object.fromEntries(HOOK_REASONS.map((reason) => [reason, HOOK_FAILED])) as Record<
    (typeof HOOK_REASONS)[number],
    Answer
  >),
  address_not_authorised: [403, 'address_not_authorized', 'This server sends no mail to this address'],
  token_unknown: [404, 'token_not_found', 'There is no such token'],
  token_kind_mismatch: [400, 'token_kind_mismatch', 'This token is for something else'],
  token_used: [409, 'token_already_used', 'This token was used before, or a newer one took its place'],
  token_expired: [410, 'token_expired', 'This token is past its time'],
  bearer_missing: SIGNED_OUT,
  token_invalid: SIGNED_OUT,
  token_without_subject: SIGNED_OUT,
  token_subject_malformed: SIGNED_OUT,
  token_session_malformed: SIGNED_OUT,
  user_gone: SIGNED_OUT,
  session_gone: SIGNED_OUT,
  session_over: SIGNED_OUT,
  user_banned: [403, 'user_inactive', 'This account may not sign in'],
  signup_disabled: [403, 'signup_disabled', 'This server takes no new accounts'],
  email_taken: [409, 'email_exists', 'Another account has this address'],
  email_unchanged: [422, 'validation_error', 'This is the present address', 'new_email'],
  email_missing: [422, 'validation_error', 'An address is needed', 'email'],
  email_malformed: [422, 'validation_error', 'This is no address', 'email'],
  email_too_long: [422, 'validation_error', 'The address is too long', 'email'],
  password_weak: [422, 'validation_error', ({ weakness }) => weakness?.message ?? '', 'new_password'],
  password_too_long: [422, 'validation_error', 'A password has 72 bytes at most', 'new_password'],
  mail_too_soon: [429, 'rate_limited', 'A mail went out a moment ago; wait a little'],
  mail_limit_reached: [429, 'rate_limited', 'This server has sent all the mails it may for now'],
  too_many_requests: [429, 'rate_limited', 'Too many requests; Retry-After says when to come back'],
  body_malformed: [400, 'invalid_request', ({ detail = '' }) => `The body is no JSON object as expected: ${detail}`],
  body_too_large: [413, 'invalid_request', 'The body is too large'],
  request_timeout: [504, 'timeout', 'This took too long'],
} satisfies Partial<Record<Reason, Answer>>

/** What no endpoint here comes to; a request that did could not be met. */
const ELSEWHERE = [
  'not_admin',
  'audience_mismatch',
  'anonymous_disabled',
  'email_signup_disabled',
  'phone_signup_disabled',
  'email_login_disabled',
  'phone_login_disabled',
  'phone_malformed',
  'email_and_phone_at_signup',
  'email_and_phone_at_login',
  'email_or_phone_missing',
  'account_without_email_or_phone',
  'user_exists',
  'phone_taken',
  'phone_taken_by_another',
  'id_taken',
  'id_malformed',
  'id_nil',
  'user_id_malformed',
  'user_unknown',
  'app_metadata_reserved',
  'metadata_too_large',
  'metadata_unstorable',
  'ban_duration_malformed',
  'email_signin_disabled',
  'phone_signin_disabled',
  'otp_email_and_phone',
  'otp_channel_with_email',
  'otp_signup_disabled',
  'otp_contact_missing',
  'otp_phone_disabled',
  'magic_links_disabled',
  'magic_link_email_missing',
  'recovery_email_missing',
  'resend_type_unknown',
  'resend_email_missing',
  'resend_phone_missing',
  'resend_email_and_phone',
  'resend_contact_missing',
  'reauthentication_without_contact',
  'reauthentication_email_unconfirmed',
  'reauthentication_phone_unconfirmed',
  'sms_too_soon',
  'sms_limit_reached',
  'sms_channel_unknown',
  'sms_unavailable',
  'sms_failed',
  'link_invalid',
  'code_wrong',
  'verify_type_missing',
  'verify_token_missing',
  'verify_token_or_hash_missing',
  'verify_hash_alone',
  'verify_email_or_phone',
  'verify_type_unknown',
  'verification_body_malformed',
  'verify_email_malformed',
  'recovery_password_missing',
  'link_type_unknown',
  'user_of_email_unknown',
  'secure_change_needed',
  'challenge_incomplete',
  'challenge_length',
  'challenge_characters',
  'challenge_method_unknown',
  'challenge_with_phone',
  'exchange_incomplete',
  'flow_unknown',
  'flow_missing',
  'flow_expired',
  'verifier_wrong',
  'credentials_wrong',
  'credentials_of_banned_user',
  'email_not_confirmed',
  'phone_not_confirmed',
  'password_missing',
  'password_unchanged',
  'password_of_anonymous_user',
  'current_password_missing',
  'current_password_wrong',
  'password_and_hash',
  'nonce_missing',
  'nonce_wrong',
  'password_hash_unknown',
  'refresh_token_malformed',
  'refresh_token_unknown',
  'refresh_token_not_issued',
  'refresh_token_used',
  'refresh_of_banned_user',
  'session_expired',
  'session_inactive',
  'session_unknown',
  'logout_scope_unknown',
  'page_malformed',
  'sort_malformed',
  'audit_query_malformed',
  'grant_unknown',
  'id_token_missing',
  'id_token_provider_missing',
  'id_token_provider_unknown',
  'web3_disabled',
  'saml_off',
  'oauth_server_off',
  'passkeys_off',
  'scim_off',
] as const satisfies readonly Reason[]

/** A new reason does not compile until it has its words, or its place among those of elsewhere. */
const words: Record<Reason, Answer> = {
  ...(Object.fromEntries(
    ELSEWHERE.map((reason): [Reason, Answer] => [reason, [400, 'invalid_request', 'This cannot be done']]),
  ) as Record<(typeof ELSEWHERE)[number], Answer>),
  ...answers,
}

export function answerRefusal({ reason, detail }: Refusal): Response {
  const [status, error, said, field] = words[reason]
  const message = typeof said === 'string' ? said : said(detail)
  const waitMs = detail.retryAfterMs ?? detail.waitMs
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  return new Response(JSON.stringify({ error, message, ...(field !== undefined && { detail: field }) }), {
    status,
    headers: waitMs === undefined ? headers : { ...headers, 'retry-after': String(Math.ceil(waitMs / 1000)) },
  })
}

export function answerFault(): Response {
  return Response.json({ error: 'internal_error', message: 'The server failed; its log tells why' }, { status: 500 })
}
