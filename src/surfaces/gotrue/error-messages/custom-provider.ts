/** Errors about custom providers. */
import type { CustomProviderReason } from '../../../core/kernel/reasons/custom-provider'
import type { Detail } from '../../../core/kernel/refusal'
import { type ErrorResponse, quoted } from './error-answer'

const invalid = (message: string | ((detail: Detail) => string)): ErrorResponse => [400, 'validation_failed', message]

/** The provider type that requires a field. */
const REQUIRED_FOR: Record<string, string> = {
  issuer: ' for OIDC providers',
  authorizationUrl: ' for OAuth2 providers',
  tokenUrl: ' for OAuth2 providers',
  userinfoUrl: ' for OAuth2 providers',
}

/** A field name in JSON. */
const wireName = (field: string) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

export const customProviderErrors: Record<CustomProviderReason, ErrorResponse> = {
  custom_providers_off: [404, 'feature_disabled', 'Custom OAuth providers are disabled'],
  custom_provider_unknown: [404, 'custom_provider_not_found', 'Custom OAuth provider not found'],
  custom_provider_exists: [400, 'conflict', 'A custom OAuth provider with this identifier already exists'],
  custom_providers_too_many: [
    400,
    'over_custom_provider_quota',
    'Maximum number of custom OAuth/OIDC providers reached',
  ],
  custom_provider_type_unknown: invalid("provider_type must be either 'oauth2' or 'oidc'"),
  custom_provider_filter_unknown: invalid("type must be either 'oauth2' or 'oidc'"),
  custom_provider_field_missing: invalid(
    ({ detail = '' }) => `${wireName(detail)} is required${REQUIRED_FOR[detail] ?? ''}`,
  ),
  custom_provider_field_malformed: invalid(({ detail = '' }) => `${wireName(detail)} is too long or cannot be stored`),
  custom_provider_prefix_missing: invalid(
    ({ detail }) => `identifier must start with 'custom:' prefix, e.g. 'custom:${detail}'`,
  ),
  custom_provider_identifier_malformed: invalid(
    'identifier must be 2 to 50 lower-case letters, digits, hyphens and colons, and begin and end with a letter or digit',
  ),
  custom_provider_parameter_reserved: invalid(({ detail }) => `Cannot override reserved OAuth parameter: ${detail}`),
  custom_provider_parameter_malformed: invalid(
    (detail) => `Authorization parameter ${quoted(detail)} must be a string`,
  ),
  custom_provider_target_protected: invalid(({ detail }) => `Cannot map to protected system field: ${detail}`),
  custom_provider_target_constant: invalid(({ detail }) => `attribute_mapping must name a claim for: ${detail}`),
  custom_provider_claim_empty: invalid('custom_claims_allowlist entries must be non-empty strings'),
  custom_provider_url_malformed: invalid('Invalid URL format'),
  custom_provider_url_insecure: invalid('URL must use HTTPS'),
  custom_provider_url_nearby: invalid('URL cannot point to localhost, loopback or private network addresses'),
  custom_provider_discovery_failed: invalid(
    (detail) => `OIDC discovery from ${quoted(detail)} failed: ${detail.error}`,
  ),
  custom_provider_discovery_incomplete: invalid(
    ({ detail }) => `OIDC discovery document is missing required fields: ${detail}`,
  ),
}
