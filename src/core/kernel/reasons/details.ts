/** The details of a refusal besides its reason. A reason in none of these lists has no details. */
import type { RejectedByDatabase } from '../../../lib/rejected-by-database'
import type { Reason } from '.'

/** Why a password is weak (GoTrue's weak_password). */
export interface Weakness {
  reasons: ('length' | 'characters' | 'pwned')[]
  message: string
}

/** `detail` completes the error text, as the list of reasons says. */
type Explained =
  | 'token_invalid'
  | 'logout_scope_unknown'
  | 'claim_too_long'
  | 'ban_duration_malformed'
  | 'custom_provider_field_missing'
  | 'custom_provider_field_malformed'
  | 'custom_provider_prefix_missing'
  | 'custom_provider_identifier_malformed'
  | 'custom_provider_parameter_reserved'
  | 'custom_provider_parameter_malformed'
  | 'custom_provider_target_protected'
  | 'custom_provider_target_constant'
  | 'custom_provider_discovery_incomplete'
  | 'captcha_refused'
  | 'captcha_action_unknown'
  | 'factor_name_taken'
  | 'challenge_expired'
  | 'hook_function_failed'
  | 'hook_status_unexpected'
  | 'hook_content_type_wrong'
  | 'hook_claims_invalid'
  | 'address_not_authorised'
  | 'sms_failed'
  | 'link_type_unknown'
  | 'provider_unsupported'
  | 'oauth_exchange_failed'
  | 'linked_email_unverified'
  | 'provider_email_unverified'
  | 'provider_email_unusable'
  | 'owners_ambiguous'
  | 'id_token_audience_wrong'
  | 'id_token_provider_disabled'
  | 'id_token_provider_unknown'
  | 'id_token_issuer_undetected'
  | 'id_token_issuer_foreign'
  | 'id_token_custom_unknown'
  | 'id_token_custom_disabled'
  | 'id_token_custom_without_issuer'
  | 'page_malformed'
  | 'sort_malformed'
  | 'filter_malformed'
  | 'audit_query_malformed'
  | 'sso_provider_malformed'
  | 'signing_key_algorithm'
  | 'parameter_malformed'
  | 'web3_chain_disabled'
  | 'web3_message_malformed'
  | 'web3_signature_length'
  | 'web3_uri_insecure'
  | 'web3_uri_foreign'
  | 'web3_domain_foreign'
  | 'web3_valid_later'
  | 'web3_expired'
  | 'web3_issued_long_ago'
  | 'web3_issued_in_future'
  | 'web3_message_used'

/** With the text of a hook, if it gave one. */
type RefusedByHook = 'mfa_attempt_rejected' | 'password_attempt_rejected'

/** An unreadable body. `field`: the one with the wrong type. */
export type MalformedReason = 'body_malformed' | 'verification_body_malformed'

/** `limit`: the setting, or the rule if it is fixed. `waitMs`: undefined if no wait helps. */
type TooSoon = 'mail_too_soon' | 'sms_too_soon' | 'mail_limit_reached' | 'sms_limit_reached'

/** `retryAfterMs`: undefined if it is not known. */
type TooMany = 'too_many_requests' | 'recovery_codes_locked'

type Detailed =
  | [reason: Explained, detail: { detail: string }]
  | [reason: RefusedByHook, detail: { detail?: string }]
  | [reason: MalformedReason, detail: { detail: string; field?: string }]
  | [reason: TooSoon, detail: { waitMs?: number; limit: string }]
  | [reason: TooMany, detail: { retryAfterMs?: number; limit: string }]
  | [reason: 'unavailable', detail: { detail: string; retryAfterMs: number }]
  | [reason: 'rejected_by_database', detail: { rejection: RejectedByDatabase }]
  | [reason: 'password_weak', detail: { weakness: Weakness }]
  | [reason: 'hook_refused', detail: { detail: string; status: number }]
  | [reason: 'oauth_refused' | 'custom_provider_discovery_failed', detail: { detail: string; error: string }]

/** A reason that says everything. */
export type PlainReason = Exclude<Reason, Detailed[0]>

/** A reason, and the detail that belongs to it. */
export type ReasonAndDetail = [reason: PlainReason] | Detailed
