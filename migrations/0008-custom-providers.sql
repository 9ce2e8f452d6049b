-- OAuth 2.0 and OpenID providers that administrators set up while the server runs. Instants are Unix milliseconds.

CREATE TABLE custom_oauth_providers (
  id TEXT PRIMARY KEY,
  -- `oauth2` or `oidc`.
  provider_type TEXT NOT NULL,
  -- `custom:` and a name; the provider of identities that come of it.
  identifier TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  client_id TEXT NOT NULL,
  -- Sealed.
  client_secret TEXT NOT NULL,
  -- JSON list: further client ids that ID tokens may be for.
  acceptable_client_ids TEXT NOT NULL,
  -- JSON list.
  scopes TEXT NOT NULL,
  pkce_enabled INTEGER NOT NULL,
  -- JSON object: a name of ours, and the provider's name for it, or what it always is.
  attribute_mapping TEXT NOT NULL,
  -- JSON list: the provider's claims that are kept as they are.
  custom_claims_allowlist TEXT NOT NULL,
  -- JSON object: parameters of every authorization request.
  authorization_params TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  email_optional INTEGER NOT NULL,
  -- Of an OpenID provider, as are the next four.
  issuer TEXT,
  discovery_url TEXT,
  skip_nonce_check INTEGER NOT NULL,
  -- JSON: what the issuer says of itself (OpenID Connect Discovery 1.0 §3), and when it was last asked.
  discovery_document TEXT,
  discovered_at INTEGER,
  -- Of an OAuth 2.0 provider, as are the next three.
  authorization_url TEXT,
  token_url TEXT,
  userinfo_url TEXT,
  jwks_uri TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
