/** How the endpoints below `/api/auth` say a refusal: `{"error","message"}`, with the field where there is one. */
import { type Detail, HOOK_REASONS, type Reason, type Refusal } from '../../core/refusal'

type Answer = readonly [status: number, error: string, message: string | ((detail: Detail) => string), field?: string]

const SIGNED_OUT: Answer = [401, 'invalid_token', 'This needs a valid bearer token']

const HOOK_FAILED: Answer = [502, 'delivery_failed', 'The mail could not be handed over; try again later']

const answers: Partial<Record<Reason, Answer>> = {
  ...Object.fromEntries(HOOK_REASONS.map((reason) => [reason, HOOK_FAILED])),
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
}

export function answerRefusal({ reason, detail }: Refusal): Response {
  // What no endpoint here has words for is a request that cannot be met.
  const [status, error, words, field] = answers[reason] ?? [400, 'invalid_request', 'This cannot be done']
  const message = typeof words === 'string' ? words : words(detail)
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
