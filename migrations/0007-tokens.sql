-- Opaque tokens of sessions, personal access tokens, and names to sign in with. Instants are Unix milliseconds.

-- Lower-case; NULL: the account goes by `u<uid>`.
ALTER TABLE users ADD COLUMN username TEXT;
CREATE UNIQUE INDEX users_username ON users (username) WHERE username IS NOT NULL;

CREATE TABLE session_tokens (
  -- The public part of the token.
  lookup_id TEXT PRIMARY KEY,
  -- `access`, `refresh`, `cookie`, `service` (a refresh token of the service surface) or `federation`.
  kind TEXT NOT NULL,
  -- The session: all that came of one sign-in by rotation is one family, and ends with it.
  family_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  -- Hex HMAC-SHA-256 of the whole token under the pepper.
  token_hash TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  -- When a refresh token was used; shown again after that it ends its family.
  revoked_at INTEGER
) STRICT;

CREATE INDEX session_tokens_family ON session_tokens (family_id);

CREATE TABLE personal_access_tokens (
  id TEXT PRIMARY KEY,
  lookup_id TEXT NOT NULL UNIQUE,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  token_hash TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  -- NULL: never.
  expires_at INTEGER,
  -- To within a minute.
  last_used_at INTEGER
) STRICT;

CREATE INDEX personal_access_tokens_user ON personal_access_tokens (user_id, created_at);
