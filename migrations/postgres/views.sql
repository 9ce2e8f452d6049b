-- The tables shared with supabase/auth, with the names of columns that they have on SQLite. Applied after the migrations
-- whenever this text changes, in the same transaction.

CREATE VIEW latchkey.mfa_factors AS SELECT
  id,
  user_id,
  coalesce(friendly_name, '') AS friendly_name,
  factor_type::text AS factor_type,
  status::text AS status,
  secret,
  -1::bigint AS last_step,
  last_challenged_at,
  phone,
  web_authn_aaguid::text AS web_authn_aaguid,
  created_at,
  updated_at
FROM auth.mfa_factors;
