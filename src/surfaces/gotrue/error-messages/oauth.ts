/** Errors about OAuth sign-in and identities. */
import type { OAuthReason } from '../../../core/kernel/reasons/oauth'
import type { Detail } from '../../../core/kernel/refusal'
import { type ErrorResponse, quoted } from './error-answer'

const unverifiedText = ({ detail }: Detail) =>
  `Unverified email with ${detail}. A confirmation email has been sent to your ${detail} email`

export const oauthErrors: Record<OAuthReason, ErrorResponse> = {
  provider_unsupported: [400, 'validation_failed', ({ detail }) => `Unsupported provider: ${detail}`],
  provider_unreachable: [502, 'unexpected_failure', 'The provider is not responding; try again later'],
  oauth_state_missing: [400, 'bad_oauth_callback', 'OAuth state parameter missing'],
  oauth_state_malformed: [400, 'bad_oauth_state', 'OAuth state parameter is invalid'],
  oauth_state_unknown: [400, 'bad_oauth_state', 'OAuth state not found or expired'],
  oauth_state_expired: [400, 'bad_oauth_state', 'OAuth state has expired'],
  oauth_state_used: [400, 'flow_state_already_used', 'State has already been used'],
  oauth_state_of_another_browser: [
    400,
    'bad_oauth_state',
    'OAuth state belongs to a different browser, or this browser blocks cookies',
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
  id_token_custom_off: [400, 'validation_failed', 'Custom OAuth providers are disabled'],
  id_token_custom_unknown: [400, 'validation_failed', (detail) => `Custom provider ${quoted(detail)} not found`],
  id_token_custom_disabled: [400, 'provider_disabled', (detail) => `Custom provider ${quoted(detail)} is disabled`],
  id_token_custom_without_issuer: [
    400,
    'validation_failed',
    (detail) => `Provider ${quoted(detail)} is not an OIDC provider`,
  ],
}
