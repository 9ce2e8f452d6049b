/** How GoTrue says each refusal (contract 0.4 and 9): status, code and words, in two shapes by API version. */
import type { Detail, Reason, Refusal } from '../../core/refusal'
import { encodeJson, MAX_METADATA_CHARACTERS, MAX_METADATA_VALUES } from '../../lib/json'

type Answer = readonly [
  status: number | ((detail: Detail) => number),
  code: string | ((detail: Detail) => string),
  message: string | ((detail: Detail) => string),
]

const quoted = ({ detail = '' }: Detail) => JSON.stringify(detail)

const waitText = ({ waitMs = 0 }: Detail) =>
  `For security purposes, you can only request this after ${Math.floor(waitMs / 1000)} seconds.`

const unverifiedText = ({ detail }: Detail) =>
  `Unverified email with ${detail}. A confirmation email has been sent to your ${detail} email`

/** A surface that tells all four apart would tell a guesser how close they are. */
const LINK_INVALID: Answer = [403, 'otp_expired', 'Email link is invalid or has expired']

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
  csrf_rejected: [403, 'no_authorization', 'A session cookie counts only for requests from pages of this origin'],
  not_in_person: [403, 'no_authorization', 'A personal access token is not enough for this'],
  refresh_refused: [400, 'refresh_token_not_found', 'Invalid Refresh Token'],
  refresh_token_ambiguous: [400, 'validation_failed', 'One refresh token is needed'],
  personal_token_unknown: [404, 'validation_failed', 'There is no such token'],
  personal_token_name: [400, 'validation_failed', 'A name has 1 to 100 characters'],
  personal_token_expiry: [400, 'validation_failed', 'The expiry is an instant that is still to come'],
  personal_tokens_too_many: [400, 'validation_failed', 'A user has 100 personal access tokens at most'],
  role_unknown: [404, 'validation_failed', 'There is no such role'],
  username_taken: [422, 'validation_failed', 'Another account has this username'],
  username_malformed: [400, 'validation_failed', 'This is no username'],
  identifier_missing: [400, 'validation_failed', 'An identifier is needed'],
  introspection_token_missing: [400, 'validation_failed', 'A token is needed'],
  grant_unsupported: [400, 'validation_failed', 'unsupported_grant_type'],
  token_request_malformed: [400, 'validation_failed', 'Parts of the request are missing'],
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
  email_unchanged: [400, 'validation_failed', 'New email address should be different from the present one'],
  phone_taken: [422, 'phone_exists', 'A user with this phone number has already been registered'],
  phone_taken_by_another: [422, 'phone_exists', 'Phone number already registered by another user'],
  id_taken: [422, 'conflict', 'A user with this ID already exists'],
  id_malformed: [400, 'validation_failed', 'ID must conform to the uuid v4 format'],
  id_nil: [400, 'validation_failed', 'ID cannot be a nil uuid'],
  user_id_malformed: [404, 'validation_failed', 'user_id must be an UUID'],
  user_unknown: [404, 'user_not_found', 'User not found'],
  app_metadata_reserved: [403, 'not_admin', 'Updating app_metadata requires admin privileges'],
  account_sso_managed: [
    422,
    'user_sso_managed',
    'Updating email, phone, password of a SSO account only possible via SSO',
  ],
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
  email_signin_disabled: [400, 'email_provider_disabled', 'Email logins are disabled'],
  phone_signin_disabled: [400, 'phone_provider_disabled', 'Phone logins are disabled'],

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
  verification_body_malformed: [400, 'bad_json', ({ detail }) => `Could not read verification params: ${detail}`],
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
  flow_missing: [400, 'flow_state_not_found', 'No associated flow state found. Ask for a new link.'],
  flow_expired: [422, 'flow_state_expired', 'invalid flow state, flow state has expired'],
  verifier_wrong: [400, 'bad_code_verifier', 'code challenge does not match previously saved code verifier'],

  anonymous_not_allowed: [403, 'no_authorization', 'Anonymous user not allowed to perform these actions'],
  session_needed_for_factors: [
    500,
    'unexpected_failure',
    'A valid session and a registered user are required to enroll a factor',
  ],
  factor_type_unknown: [400, 'validation_failed', 'factor_type needs to be totp, phone, or webauthn'],
  factor_phone_missing: [400, 'validation_failed', 'Phone number required to enroll Phone factor'],
  factor_phone_taken: [
    422,
    'mfa_verified_factor_exists',
    'A verified phone factor already exists, unenroll the existing factor to continue',
  ],
  phone_enrolment_disabled: [422, 'mfa_phone_enroll_not_enabled', 'MFA enroll is disabled for Phone'],
  phone_verification_disabled: [422, 'mfa_phone_verify_not_enabled', 'MFA verification is disabled for Phone'],
  webauthn_enrolment_disabled: [422, 'mfa_webauthn_enroll_not_enabled', 'MFA enroll is disabled for WebAuthn'],
  webauthn_verification_disabled: [422, 'mfa_webauthn_verify_not_enabled', 'MFA verification is disabled for WebAuthn'],
  totp_enrolment_disabled: [422, 'mfa_totp_enroll_not_enabled', 'MFA enroll is disabled for TOTP'],
  totp_verification_disabled: [422, 'mfa_totp_verify_not_enabled', 'MFA verification is disabled for TOTP'],
  factor_name_taken: [
    422,
    'mfa_factor_name_conflict',
    (detail) => `A factor with the friendly name ${quoted(detail)} for this user already exists`,
  ],
  factors_too_many: [
    422,
    'too_many_enrolled_mfa_factors',
    'Maximum number of verified factors reached, unenroll to continue',
  ],
  factor_id_malformed: [404, 'validation_failed', 'factor_id must be an UUID'],
  factor_unknown: [404, 'mfa_factor_not_found', 'Factor not found'],
  factor_of_another: [403, 'mfa_factor_not_found', 'Factor not found'],
  factor_code_missing: [400, 'validation_failed', 'Code needs to be non-empty'],
  factor_code_wrong: [422, 'mfa_verification_failed', 'Invalid TOTP code entered'],
  phone_factor_code_wrong: [422, 'mfa_verification_failed', 'Invalid MFA Phone code entered'],
  mfa_attempt_rejected: [
    403,
    'mfa_verification_rejected',
    ({ detail = 'Further MFA verification attempts will be rejected.' }) => detail,
  ],
  factor_sms_failed: [500, 'unexpected_failure', 'error sending message'],
  factor_sms_hook_failed: [500, 'unexpected_failure', 'error invoking hook'],
  factor_sms_unavailable: [500, 'unexpected_failure', 'Failed to get SMS provider'],
  webauthn_answer_missing: [400, 'validation_failed', 'WebAuthn config required'],
  webauthn_answer_type: [400, 'validation_failed', 'WebAuthn type must be create or request'],
  webauthn_credential_missing: [400, 'validation_failed', 'credential_response required'],
  credential_malformed: [400, 'validation_failed', 'Invalid credential_response'],
  credential_taken: [422, 'webauthn_credential_exists', 'This credential is already registered'],
  // GoTrue says 500, which auth-js takes for something to try again
  factor_credential_wrong: [422, 'mfa_verification_failed', 'Failed to validate WebAuthn MFA response'],
  challenge_unknown: [422, 'mfa_factor_not_found', 'MFA factor with the provided challenge ID not found'],
  challenge_mismatch: [422, 'mfa_ip_address_mismatch', 'Challenge and verify IP addresses mismatch.'],
  challenge_expired: [
    422,
    'mfa_challenge_expired',
    ({ detail }) => `MFA challenge ${detail} has expired, verify against another challenge or create a new challenge.`,
  ],
  recovery_codes_enrolment_disabled: [
    422,
    'mfa_recovery_codes_enroll_not_enabled',
    'MFA enroll is disabled for recovery codes',
  ],
  recovery_codes_verification_disabled: [
    422,
    'mfa_recovery_codes_verify_not_enabled',
    'MFA verification is disabled for recovery codes',
  ],
  recovery_codes_missing: [404, 'mfa_factor_not_found', 'The user has not enrolled recovery codes'],
  recovery_codes_present: [
    422,
    'mfa_verified_factor_exists',
    'Recovery codes already exist, regenerate them to replace them',
  ],
  recovery_codes_alone: [
    422,
    'mfa_recovery_codes_sole_factor',
    'Recovery codes need another verified factor beside them',
  ],
  recovery_code_wrong: [422, 'mfa_verification_failed', 'Invalid recovery code entered'],
  recovery_codes_locked: [429, 'mfa_recovery_codes_locked', 'Too many wrong codes, try again later'],
  aal_too_low: [401, 'insufficient_aal', 'AAL2 session is required to update email or password when MFA is enabled.'],
  aal_too_low_to_enrol: [403, 'insufficient_aal', 'AAL2 required to enroll a new factor'],
  aal_too_low_to_unenrol: [422, 'insufficient_aal', 'AAL2 required to unenroll verified factor'],
  aal_too_low_for_recovery_codes: [403, 'insufficient_aal', 'AAL2 required to manage recovery codes'],
  aal_too_low_for_passkeys: [
    403,
    'insufficient_aal',
    'AAL2 session is required to manage passkeys when MFA is enabled',
  ],
  second_factor_needed: [401, 'insufficient_aal', 'A second factor is needed'],

  passkeys_off: [404, 'passkey_disabled', 'Passkeys are disabled'],
  passkey_of_sso_user: [422, 'validation_failed', 'SSO users cannot register passkeys'],
  passkeys_too_many: [422, 'too_many_passkeys', 'Maximum number of passkeys reached'],
  passkey_challenge_missing: [400, 'validation_failed', 'challenge_id is required'],
  passkey_challenge_malformed: [400, 'validation_failed', 'challenge_id must be a valid UUID'],
  passkey_challenge_unknown: [400, 'webauthn_challenge_not_found', 'Challenge not found or already used'],
  passkey_challenge_expired: [400, 'webauthn_challenge_expired', 'Challenge has expired'],
  passkey_credential_missing: [400, 'validation_failed', 'credential is required'],
  passkey_credential_malformed: [400, 'webauthn_verification_failed', 'Invalid credential response'],
  passkey_handle_wrong: [400, 'validation_failed', 'Invalid user handle in assertion'],
  passkey_wrong: [400, 'webauthn_verification_failed', 'Credential verification failed'],
  passkey_unknown: [404, 'validation_failed', 'Passkey not found'],
  passkey_name_missing: [400, 'validation_failed', 'friendly_name is required'],
  passkey_name_too_long: [400, 'validation_failed', 'friendly_name must be 120 characters or less'],
  passkey_email_unconfirmed: [403, 'email_not_confirmed', 'Email not confirmed'],
  passkey_phone_unconfirmed: [403, 'phone_not_confirmed', 'Phone not confirmed'],

  hook_timed_out: [422, 'hook_timeout', 'Failed to reach hook within maximum time of 5.000000 seconds'],
  hook_out_of_attempts: [422, 'hook_timeout_after_retry', 'Failed to reach hook after maximum retries'],
  hook_payload_refused: [500, 'unexpected_failure', 'Invalid payload sent to hook'],
  hook_unauthorised: [500, 'unexpected_failure', 'Hook requires authorization token'],
  hook_unavailable: [500, 'unexpected_failure', 'Service currently unavailable due to hook'],
  hook_status_unexpected: [
    500,
    'unexpected_failure',
    ({ detail }) => `Unexpected status code returned from hook: ${detail}`,
  ],
  hook_content_type_missing: [
    400,
    'hook_payload_invalid_content_type',
    'Invalid Content-Type: Missing Content-Type header',
  ],
  hook_content_type_wrong: [
    400,
    'hook_payload_invalid_content_type',
    ({ detail }) => `Invalid JSON response. Received content-type: ${detail}`,
  ],
  hook_answer_too_large: [422, 'hook_payload_over_size_limit', 'Payload size exceeded size limit of 204800 bytes'],
  hook_answer_malformed: [500, 'unexpected_failure', 'Error unmarshaling JSON output.'],
  hook_refused: [
    ({ status = 500 }) => status,
    ({ status = 500 }) => (status === 500 ? 'unexpected_failure' : 'unknown'),
    ({ detail = '' }) => detail,
  ],

  provider_unsupported: [400, 'validation_failed', ({ detail }) => `Unsupported provider: ${detail}`],
  oauth_state_missing: [400, 'bad_oauth_callback', 'OAuth state parameter missing'],
  oauth_state_malformed: [400, 'bad_oauth_state', 'OAuth state parameter is invalid'],
  oauth_state_unknown: [400, 'bad_oauth_state', 'OAuth state not found or expired'],
  oauth_state_expired: [400, 'bad_oauth_state', 'OAuth state has expired'],
  oauth_state_used: [400, 'flow_state_already_used', 'State has already been used'],
  oauth_state_of_another_browser: [
    400,
    'bad_oauth_state',
    'OAuth state belongs to another browser, or this one keeps no cookies',
  ],
  oauth_refused: [400, '', ({ detail = '' }) => detail],
  oauth_code_missing: [400, 'bad_oauth_callback', 'OAuth callback with missing authorization code missing'],
  oauth_exchange_failed: [500, 'unexpected_failure', ({ detail }) => `Unable to exchange external code: ${detail}`],
  oauth_profile_failed: [500, 'unexpected_failure', 'Error getting user profile from external provider'],
  oauth_email_missing: [500, 'unexpected_failure', 'Error getting user email from external provider'],
  linking_user_gone: [422, 'user_not_found', 'Linking target user not found'],
  linking_disabled: [404, 'manual_linking_disabled', 'Manual linking is disabled'],
  identity_linked: [422, 'identity_already_exists', 'Identity is already linked'],
  identity_of_another: [422, 'identity_already_exists', 'Identity is already linked to another user'],
  identity_unknown: [422, 'identity_not_found', "Identity doesn't exist"],
  identity_id_malformed: [404, 'validation_failed', 'identity_id must be an UUID'],
  identity_is_last: [422, 'single_identity_not_deletable', 'User must have at least 1 identity after unlinking'],
  identity_email_conflict: [
    422,
    'email_conflict_identity_not_deletable',
    'Unable to unlink identity due to email conflict',
  ],
  identity_audience_mismatch: [403, 'unexpected_audience', "Token audience doesn't match request audience"],
  linked_email_taken: [400, 'email_exists', 'A user with this email address has already been registered'],
  linked_email_unverified: [422, 'email_not_confirmed', unverifiedText],
  provider_email_unverified: [422, 'provider_email_needs_verification', unverifiedText],
  provider_email_unusable: [
    422,
    'provider_email_needs_verification',
    ({ detail }) => `Unverified email with ${detail}. Verify the email with ${detail} in order to sign in`,
  ],
  owners_ambiguous: [
    500,
    'unexpected_failure',
    ({ detail }) => `Multiple accounts with the same email address in the same linking domain detected: ${detail}`,
  ],
  invite_token_unknown: [404, 'user_not_found', 'User identified by token not found'],
  invite_unknown: [404, 'invite_not_found', 'Invite not found'],
  invite_email_mismatch: [400, 'validation_failed', 'Invited email does not match emails from external provider'],
  id_token_link_without_user: [400, '', 'Linking requires a valid user access token in Authorization'],
  id_token_bad: [400, '', 'Bad ID token'],
  id_token_without_subject: [400, '', 'Missing sub claim in id_token'],
  id_token_audience_wrong: [400, '', ({ detail }) => `Unacceptable audience in id_token: [${detail}]`],
  id_token_nonce_half: [400, '', 'Passed nonce and nonce in id_token should either both exist or not.'],
  id_token_nonce_wrong: [400, '', 'Nonces mismatch'],
  id_token_provider_disabled: [
    400,
    'provider_disabled',
    (detail) => `Provider (issuer ${quoted(detail)}) is not enabled`,
  ],
  id_token_issuer_undetected: [
    400,
    'validation_failed',
    ({ detail }) => `Unable to detect issuer in ID token for ${detail} provider`,
  ],
  id_token_issuer_foreign: [
    400,
    'validation_failed',
    ({ detail }) => `Detected ID token issuer is not an ${detail} ID token issuer`,
  ],
  id_token_issuer_mismatch: [400, 'validation_failed', 'Provided issuer does not match ID token issuer'],

  credentials_wrong: [400, 'invalid_credentials', 'Invalid login credentials'],
  password_attempt_rejected: [
    400,
    'invalid_credentials',
    ({ detail = 'Further password verification attempts will be rejected.' }) => detail,
  ],
  credentials_of_banned_user: [400, 'user_banned', 'User is banned'],
  email_not_confirmed: [400, 'email_not_confirmed', 'Email not confirmed'],
  phone_not_confirmed: [400, 'phone_not_confirmed', 'Phone not confirmed'],
  password_missing: [400, 'validation_failed', 'Signup requires a valid password'],
  password_too_long: [400, 'validation_failed', 'Password cannot be longer than 72 characters'],
  password_weak: [422, 'weak_password', ({ weakness }) => weakness?.message ?? ''],
  breach_check_unavailable: [
    500,
    'unexpected_failure',
    'Unable to perform password strength check with HaveIBeenPwned.org.',
  ],
  password_unchanged: [422, 'same_password', 'New password should be different from the old password.'],
  password_of_anonymous_user: [
    422,
    'validation_failed',
    'Updating password of an anonymous user without an email or phone is not allowed',
  ],
  current_password_missing: [400, 'current_password_required', 'Current password required when setting new password.'],
  current_password_wrong: [400, 'current_password_invalid', 'Current password required when setting new password.'],
  password_and_hash: [400, 'validation_failed', 'Only a password or a password hash should be provided'],
  nonce_missing: [400, 'reauthentication_needed', 'Password update requires reauthentication'],
  nonce_wrong: [422, 'reauthentication_not_valid', 'Nonce has expired or is invalid'],
  password_hash_unknown: [400, 'validation_failed', 'Password hash must be bcrypt, argon2i, argon2id or fbscrypt'],

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
  scim_off: [404, 'feature_disabled', 'SCIM server is disabled'],

  too_many_requests: [429, 'over_request_rate_limit', 'Request rate limit reached'],
  request_timeout: [504, 'request_timeout', 'Processing this request timed out, please retry after a moment.'],
}

/** GoTrue's only API version with a name; before it, errors had another shape. */
const VERSION = '2024-01-01'
const VERSION_HEADER = 'X-Supabase-Api-Version'

/** Status, code and words of a refusal. */
export function wordsOf({ reason, detail }: Refusal): { status: number; code: string; message: string } {
  const [status, code, message] = answers[reason]
  return {
    status: typeof status === 'number' ? status : status(detail),
    code: typeof code === 'string' ? code : code(detail),
    message: typeof message === 'string' ? message : message(detail),
  }
}

export function answerRefusal(refusal: Refusal, request: Request, requestId: string): Response {
  const { detail } = refusal
  const { status, code, message } = wordsOf(refusal)
  const headers = new Headers({ 'content-type': 'application/json' })
  if (detail.retryAfterMs !== undefined) headers.set('Retry-After', String(Math.ceil(detail.retryAfterMs / 1000)))
  const isCurrent = speaksCurrentVersion(request)
  if (isCurrent) headers.set(VERSION_HEADER, VERSION)
  // GoTrue's OAuth errors have no code and their own shape in every version
  if (code === '') return send(status, headers, { error: oauthError(refusal), error_description: message })
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

const oauthError = ({ reason }: Refusal) => (reason === 'id_token_nonce_wrong' ? 'invalid nonce' : 'invalid request')

function send(status: number, headers: Headers, body: object): Response {
  return new Response(encodeJson(body), { status, headers })
}

/** Whether the client asks for the version of 2024-01-01 or a later one (contract 0.4). */
function speaksCurrentVersion({ headers }: Request): boolean {
  const asked = headers.get(VERSION_HEADER) ?? ''
  return /^\d{4}-\d{2}-\d{2}$/.test(asked) && !Number.isNaN(Date.parse(asked)) && asked >= VERSION
}
