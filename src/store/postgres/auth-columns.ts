/**
 * The columns of the schema `auth` that statements use, with their types. Newer versions of supabase/auth may add others;
 * a column that is gone or has another type stops the start, before a statement fails.
 */

/** Name of a type in pg_type, except that `varchar` counts as `text`, and the columns of that type. */
type Columns = Record<string, string>

/** By table. */
export const usedColumns: Record<string, Columns> = {
  users: {
    uuid: 'instance_id id',
    text: 'aud role email encrypted_password confirmation_token recovery_token email_change_token_new email_change phone phone_change phone_change_token email_change_token_current reauthentication_token',
    timestamptz:
      'email_confirmed_at invited_at confirmation_sent_at recovery_sent_at email_change_sent_at last_sign_in_at created_at updated_at phone_confirmed_at phone_change_sent_at confirmed_at banned_until reauthentication_sent_at deleted_at',
    jsonb: 'raw_app_meta_data raw_user_meta_data',
    int2: 'email_change_confirm_status',
    bool: 'is_sso_user is_anonymous',
  },
  identities: {
    uuid: 'id user_id',
    text: 'provider_id provider email',
    jsonb: 'identity_data',
    timestamptz: 'last_sign_in_at created_at updated_at',
  },
  sessions: {
    uuid: 'id user_id factor_id',
    timestamptz: 'created_at updated_at not_after',
    timestamp: 'refreshed_at',
    aal_level: 'aal',
    text: 'user_agent tag refresh_token_hmac_key',
    inet: 'ip',
    int8: 'refresh_token_counter',
  },
  refresh_tokens: {
    int8: 'id',
    uuid: 'session_id',
    text: 'token user_id parent',
    bool: 'revoked',
    timestamptz: 'created_at updated_at',
  },
  mfa_amr_claims: {
    uuid: 'session_id id',
    text: 'authentication_method',
    timestamptz: 'created_at updated_at',
  },
  mfa_factors: {
    uuid: 'id user_id web_authn_aaguid',
    text: 'friendly_name secret phone',
    factor_type: 'factor_type',
    factor_status: 'status',
    timestamptz: 'created_at updated_at last_challenged_at',
    jsonb: 'web_authn_credential',
  },
  webauthn_credentials: {
    uuid: 'id user_id aaguid',
    bytea: 'credential_id public_key',
    text: 'attestation_type friendly_name',
    int8: 'sign_count',
    jsonb: 'transports',
    bool: 'backup_eligible backed_up',
    timestamptz: 'created_at updated_at last_used_at',
  },
  custom_oauth_providers: {
    uuid: 'id',
    text: 'provider_type identifier name client_id client_secret issuer discovery_url authorization_url token_url userinfo_url jwks_uri',
    'text[]': 'acceptable_client_ids scopes custom_claims_allowlist',
    bool: 'pkce_enabled enabled email_optional skip_nonce_check',
    jsonb: 'attribute_mapping authorization_params cached_discovery',
    timestamptz: 'discovery_cached_at created_at updated_at',
  },
  audit_log_entries: {
    uuid: 'instance_id id',
    json: 'payload',
    timestamptz: 'created_at',
    text: 'ip_address',
  },
  one_time_tokens: {
    uuid: 'id user_id',
    one_time_token_type: 'token_type',
    text: 'token_hash relates_to',
    timestamp: 'created_at updated_at',
  },
}
