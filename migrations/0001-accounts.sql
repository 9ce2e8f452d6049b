-- Accounts, identities, sessions, roles and the audit log. Tables and columns are named as in GoTrue's schema, so that
-- rows can move both ways; instants are integer milliseconds since the Unix epoch, JSON is text.

-- Facts about this database itself, such as which key seals its secrets.
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
  -- Small number of the account, never given twice.
  uid INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  aud TEXT NOT NULL,
  role TEXT NOT NULL,
  -- Lower-case; NULL where there is none.
  email TEXT,
  -- A password hash in PHC, bcrypt or fbscrypt form; NULL where no password was set.
  encrypted_password TEXT,
  email_confirmed_at INTEGER,
  invited_at INTEGER,
  confirmation_sent_at INTEGER,
  recovery_sent_at INTEGER,
  -- The address asked for and not yet confirmed.
  email_change TEXT,
  email_change_sent_at INTEGER,
  -- 1 once the first of two confirmations of an e-mail change has come.
  email_change_confirm_status INTEGER NOT NULL DEFAULT 0,
  -- E.164 without the plus sign; NULL where there is none.
  phone TEXT UNIQUE,
  phone_confirmed_at INTEGER,
  phone_change TEXT,
  phone_change_sent_at INTEGER,
  reauthentication_sent_at INTEGER,
  confirmed_at INTEGER GENERATED ALWAYS AS (
    min(coalesce(email_confirmed_at, phone_confirmed_at), coalesce(phone_confirmed_at, email_confirmed_at))
  ) VIRTUAL,
  raw_app_meta_data TEXT NOT NULL DEFAULT '{}',
  raw_user_meta_data TEXT NOT NULL DEFAULT '{}',
  last_sign_in_at INTEGER,
  banned_until INTEGER,
  is_sso_user INTEGER NOT NULL DEFAULT 0,
  is_anonymous INTEGER NOT NULL DEFAULT 0,
  deleted_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- Single sign-on accounts do not share the space of addresses.
CREATE UNIQUE INDEX users_email ON users (email) WHERE is_sso_user = 0;
-- The admin list, in both directions.
CREATE INDEX users_created ON users (aud, created_at, uid);

CREATE TABLE identities (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  provider TEXT NOT NULL,
  -- The provider's own id of the account; for e-mail and phone the user's id.
  provider_id TEXT NOT NULL,
  identity_data TEXT NOT NULL,
  email TEXT GENERATED ALWAYS AS (lower(json_extract(identity_data, '$.email'))) VIRTUAL,
  last_sign_in_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (provider_id, provider)
) STRICT;

CREATE INDEX identities_user ON identities (user_id);

CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  aal TEXT NOT NULL,
  factor_id TEXT,
  not_after INTEGER,
  refreshed_at INTEGER,
  user_agent TEXT,
  ip TEXT,
  tag TEXT,
  -- 32 random bytes, sealed; the key of this session's refresh tokens.
  refresh_token_hmac_key TEXT NOT NULL,
  -- The counter of the newest refresh token; -1 while only an imported token was given out.
  refresh_token_counter INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_user ON sessions (user_id, created_at);

-- Tokens of GoTrue's older kind, as imported. New ones need no row.
CREATE TABLE refresh_tokens (
  id INTEGER PRIMARY KEY,
  -- Hex HMAC-SHA-256 of the token under the pepper.
  token_hash TEXT NOT NULL UNIQUE,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  -- token_hash of the token this one replaced.
  parent_hash TEXT,
  revoked INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_user ON refresh_tokens (user_id);

-- How each session was authenticated (RFC 8176).
CREATE TABLE mfa_amr_claims (
  session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  authentication_method TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (session_id, authentication_method)
) STRICT, WITHOUT ROWID;

-- Networks (/24 or /64) from which a user signed in lately: their password budget is apart from that of strangers.
CREATE TABLE known_networks (
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  network TEXT NOT NULL,
  last_seen_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, network)
) STRICT;

CREATE TABLE roles (
  name TEXT PRIMARY KEY,
  description TEXT NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO roles (name, description) VALUES
  ('user', 'Everyone; needs no row in user_roles.'),
  ('admin', 'May use the admin API.');

CREATE TABLE user_roles (
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role TEXT NOT NULL REFERENCES roles (name),
  granted_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_log_entries (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  payload TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  ip_address TEXT NOT NULL DEFAULT ''
) STRICT;
