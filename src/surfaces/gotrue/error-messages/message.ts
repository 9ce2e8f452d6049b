/** Errors about mails, SMS, links and codes. */
import type { MessageReason, PkceReason, VerificationReason } from '../../../core/kernel/reasons/message'
import type { Detail } from '../../../core/kernel/refusal'
import { type ErrorResponse, quoted } from './error-answer'

const waitText = ({ waitMs = 0 }: Detail) =>
  `For security purposes, you can only request this after ${Math.floor(waitMs / 1000)} seconds.`

/** Distinguishing the four token errors would help a guesser. */
const LINK_INVALID: ErrorResponse = [403, 'otp_expired', 'Email link is invalid or has expired']

export const messageErrors: Record<MessageReason | PkceReason | VerificationReason, ErrorResponse> = {
  otp_email_and_phone: [400, 'validation_failed', 'Only an email address or phone number should be provided'],
  otp_channel_with_email: [400, 'validation_failed', 'Channel should only be specified with Phone OTP'],
  otp_signup_disabled: [422, 'otp_disabled', 'Signups not allowed for otp'],
  otp_contact_missing: [400, 'validation_failed', 'One of email or phone must be set'],
  otp_phone_disabled: [400, 'phone_provider_disabled', 'Unsupported phone provider'],
  magic_links_disabled: [422, 'email_provider_disabled', 'Login with magic link is disabled'],
  magic_link_email_missing: [422, 'validation_failed', 'Password recovery requires an email'],
  recovery_email_missing: [400, 'validation_failed', 'Password recovery requires an email'],
  resend_type_unknown: [
    400,
    'validation_failed',
    'Missing one of these types: signup, email_change, sms, phone_change',
  ],
  resend_email_missing: [400, 'validation_failed', 'Type provided requires an email address'],
  resend_phone_missing: [400, 'validation_failed', 'Type provided requires a phone number'],
  resend_email_and_phone: [400, 'validation_failed', 'Only an email address or phone number should be provided.'],
  resend_contact_missing: [400, 'validation_failed', 'Missing email address or phone number'],
  reauthentication_without_contact: [
    400,
    'validation_failed',
    'Reauthentication requires the user to have an email or a phone number',
  ],
  reauthentication_email_unconfirmed: [422, 'email_not_confirmed', 'Please verify your email first.'],
  reauthentication_phone_unconfirmed: [422, 'phone_not_confirmed', 'Please verify your phone first.'],
  mail_too_soon: [429, 'over_email_send_rate_limit', waitText],
  sms_too_soon: [429, 'over_sms_send_rate_limit', waitText],
  mail_limit_reached: [429, 'over_email_send_rate_limit', 'email rate limit exceeded'],
  sms_limit_reached: [429, 'over_sms_send_rate_limit', 'SMS rate limit exceeded'],
  address_not_authorised: [
    400,
    'email_address_not_authorized',
    (detail) => `Email address ${quoted(detail)} cannot be used as it is not authorized`,
  ],
  sms_channel_unknown: [
    400,
    'validation_failed',
    "Invalid channel, supported values are 'sms' or 'whatsapp'. 'whatsapp' is only supported if Twilio or Twilio Verify is used as the provider.",
  ],
  sms_unavailable: [500, 'unexpected_failure', 'Unable to get SMS provider'],
  sms_failed: [422, 'sms_send_failed', ({ detail }) => `Error sending ${detail}`],
  token_unknown: LINK_INVALID,
  token_kind_mismatch: LINK_INVALID,
  token_used: LINK_INVALID,
  token_expired: LINK_INVALID,
  link_invalid: LINK_INVALID,
  code_wrong: [403, 'otp_expired', 'Token has expired or is invalid'],
  code_check_failed: [503, 'unexpected_failure', 'The code could not be checked; try again later'],
  verify_type_missing: [400, 'validation_failed', 'Verify requires a verification type'],
  verify_token_missing: [400, 'validation_failed', 'Verify requires a token or a token hash'],
  verify_token_or_hash_missing: [400, 'validation_failed', 'Verify requires either a token or a token hash'],
  verify_hash_alone: [400, 'validation_failed', 'Only the token_hash and type should be provided'],
  verify_email_or_phone: [
    400,
    'validation_failed',
    'Only an email address or phone number should be provided on verify',
  ],
  verify_type_unknown: [400, 'validation_failed', 'Invalid email verification type'],
  verify_email_malformed: [422, 'validation_failed', 'Invalid email format'],
  recovery_password_missing: [422, 'validation_failed', 'Recovery requires a new password'],
  link_type_unknown: [400, 'validation_failed', ({ detail }) => `Invalid email action link type requested: ${detail}`],
  user_of_email_unknown: [404, 'user_not_found', 'User with this email not found'],
  secure_change_needed: [400, 'validation_failed', 'Enable secure email change to generate link for current email'],
  challenge_incomplete: [400, 'validation_failed', 'PKCE flow requires code_challenge_method and code_challenge'],
  challenge_length: [400, 'validation_failed', 'code challenge has to be between 43 and 128 characters'],
  challenge_characters: [
    400,
    'validation_failed',
    'code challenge can only contain alphanumeric characters, hyphens, periods, underscores and tildes',
  ],
  challenge_method_unknown: [400, 'validation_failed', 'Invalid code_challenge_method'],
  challenge_with_phone: [400, 'validation_failed', 'PKCE not supported for phone signups'],
  exchange_incomplete: [
    400,
    'validation_failed',
    'invalid request: both auth code and code verifier should be non-empty',
  ],
  flow_unknown: [404, 'flow_state_not_found', 'invalid flow state, no valid flow state found'],
  flow_missing: [
    400,
    'flow_state_not_found',
    'No associated flow state found. 422: No valid flow state found for user.',
  ],
  flow_expired: [422, 'flow_state_expired', 'invalid flow state, flow state has expired'],
  verifier_wrong: [400, 'bad_code_verifier', 'code challenge does not match previously saved code verifier'],
  continuation_without_challenge: [
    400,
    'validation_failed',
    "The provider account requires a PKCE code challenge: create the client with flowType 'pkce'",
  ],
  continuation_without_session: [
    403,
    'session_not_found',
    'This token has no session that an application could continue',
  ],
  continuation_elsewhere: [400, 'validation_failed', 'redirect_to is missing or not an allowed redirect URL'],
}
