/** Errors about unreadable requests and rate limits. */
import type { InputReason, LoadReason } from '../../../core/kernel/reasons/request'
import { type ErrorResponse, quoted } from './error-answer'

export const requestErrors: Record<InputReason | LoadReason, ErrorResponse> = {
  introspection_token_missing: [400, 'validation_failed', 'A token is required'],
  grant_unsupported: [400, 'validation_failed', 'unsupported_grant_type'],
  token_request_malformed: [400, 'validation_failed', 'Required parameters are missing'],
  verification_body_malformed: [400, 'bad_json', ({ detail }) => `Could not read verification params: ${detail}`],
  body_malformed: [400, 'bad_json', ({ detail }) => `Could not parse request body as JSON: ${detail}`],
  body_too_large: [413, 'request_entity_too_large', 'Request body too large (max 1048576 bytes)'],
  page_malformed: [400, 'validation_failed', ({ detail }) => `Bad Pagination Parameters: ${detail}`],
  sort_malformed: [400, 'validation_failed', ({ detail }) => `Bad Sort Parameters: ${detail}`],
  filter_malformed: [400, 'validation_failed', ({ detail }) => `Bad Filter Parameter: ${detail}`],
  audit_query_malformed: [400, 'validation_failed', ({ detail }) => `Invalid query scope: ${detail}`],
  grant_unknown: [400, 'invalid_credentials', 'unsupported_grant_type'],
  id_token_missing: [400, '', 'id_token required'],
  id_token_provider_missing: [400, '', 'provider or client_id and issuer required'],
  id_token_provider_unknown: [
    400,
    'validation_failed',
    (detail) => `Custom OIDC provider ${quoted(detail)} not allowed`,
  ],
  sso_provider_unknown: [404, 'sso_provider_not_found', 'SSO Identity Provider not found'],
  sso_provider_malformed: [400, 'validation_failed', ({ detail = '' }) => detail],
  saml_off: [404, 'saml_provider_disabled', 'SAML 2.0 is disabled'],
  oauth_server_off: [404, 'feature_disabled', 'OAuth server is disabled'],
  scim_off: [404, 'feature_disabled', 'SCIM server is disabled'],
  too_many_requests: [429, 'over_request_rate_limit', 'Request rate limit reached'],
  rejected_by_database: [
    500,
    'unexpected_failure',
    ({ rejection }) => (rejection?.isOfNewUser ? 'Database error saving new user' : 'Database error updating user'),
  ],
  unavailable: [503, 'unexpected_failure', ({ detail }) => `The server is temporarily unavailable: ${detail}`],
  request_timeout: [504, 'request_timeout', 'Processing this request timed out, please retry after a moment.'],
}
