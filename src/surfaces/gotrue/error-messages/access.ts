/** Errors about authentication and sessions. */
import type { AccessReason, SessionReason } from '../../../core/kernel/reasons/access'
import { MAX_PERSONAL_TOKEN_NAME, MAX_PERSONAL_TOKENS } from '../../../core/sessions/personal-tokens'
import { type ErrorResponse, quoted } from './error-answer'

export const accessErrors: Record<AccessReason | SessionReason, ErrorResponse> = {
  bearer_missing: [401, 'no_authorization', 'This endpoint requires a valid Bearer token'],
  api_key_unknown: [403, 'bad_jwt', 'Invalid API key: it does not belong to this server'],
  token_invalid: [403, 'bad_jwt', ({ detail }) => `invalid JWT: unable to parse or verify signature, ${detail}`],
  token_without_subject: [403, 'bad_jwt', 'invalid claim: missing sub claim'],
  token_subject_malformed: [400, 'bad_jwt', 'invalid claim: sub claim must be a UUID'],
  token_session_malformed: [403, 'bad_jwt', 'invalid claim: session_id claim must be a UUID'],
  user_gone: [403, 'user_not_found', 'User from sub claim in JWT does not exist'],
  session_gone: [403, 'session_not_found', 'Session from session_id claim in JWT does not exist'],
  session_over: [403, 'session_expired', 'Session is no longer valid'],
  user_banned: [403, 'user_banned', 'User is banned'],
  csrf_rejected: [403, 'no_authorization', 'The session cookie is accepted from pages of this origin only'],
  external_user: [403, 'no_authorization', 'The account of this token belongs to another server'],
  personal_token_not_allowed: [403, 'no_authorization', 'A personal access token is not sufficient for this request'],
  refresh_refused: [400, 'refresh_token_not_found', 'Invalid Refresh Token'],
  refresh_token_ambiguous: [400, 'validation_failed', 'Exactly one refresh token is required'],
  personal_token_unknown: [404, 'validation_failed', 'Token not found'],
  personal_token_name: [400, 'validation_failed', `The name must have 1 to ${MAX_PERSONAL_TOKEN_NAME} characters`],
  personal_token_expiry: [400, 'validation_failed', 'The expiry must be in the future'],
  personal_tokens_too_many: [
    400,
    'validation_failed',
    `A user may have at most ${MAX_PERSONAL_TOKENS} personal access tokens`,
  ],
  aal_too_low: [401, 'insufficient_aal', 'AAL2 session is required to update email or password when MFA is enabled.'],
  second_factor_needed: [401, 'insufficient_aal', 'A second factor is required'],
  not_admin: [403, 'not_admin', 'User not allowed'],
  audience_mismatch: [400, 'validation_failed', "Token audience doesn't match request audience"],
  refresh_token_malformed: [400, 'validation_failed', 'Refresh token is not valid'],
  refresh_token_unknown: [400, 'refresh_token_not_found', 'Invalid Refresh Token: Refresh Token Not Found'],
  refresh_token_not_issued: [400, 'validation_failed', 'Invalid Refresh Token: Not Issued By This Server'],
  refresh_token_used: [400, 'refresh_token_already_used', 'Invalid Refresh Token: Already Used'],
  refresh_of_banned_user: [400, 'user_banned', 'Invalid Refresh Token: User Banned'],
  session_expired: [400, 'session_expired', 'Invalid Refresh Token: Session Expired'],
  session_inactive: [400, 'session_expired', 'Invalid Refresh Token: Session Expired (Inactivity)'],
  session_aal_low: [
    400,
    'session_expired',
    'Invalid Refresh Token: Session Expired (Low AAL: User Needs MFA Verification)',
  ],
  session_superseded: [400, 'session_expired', 'Invalid Refresh Token: Session Expired (Revoked by Newer Login)'],
  session_unknown: [404, 'validation_failed', 'Session not found'],
  logout_scope_unknown: [400, 'validation_failed', (detail) => `Unsupported logout scope ${quoted(detail)}`],
}
