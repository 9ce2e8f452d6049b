-- Second factors. Names are GoTrue's; instants are Unix milliseconds.

-- How many factors a user has, so that most requests need not look for them.
ALTER TABLE users ADD COLUMN factor_count INTEGER NOT NULL DEFAULT 0;

CREATE TABLE mfa_factors (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  friendly_name TEXT NOT NULL,
  -- `totp`.
  factor_type TEXT NOT NULL,
  -- `unverified` or `verified`.
  status TEXT NOT NULL,
  -- Sealed.
  secret TEXT NOT NULL,
  -- The last time step whose code was taken (RFC 6238 §5.2); -1 for none.
  last_step INTEGER NOT NULL DEFAULT -1,
  last_challenged_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (user_id, friendly_name)
) STRICT;

CREATE TABLE mfa_challenges (
  id TEXT PRIMARY KEY,
  factor_id TEXT NOT NULL REFERENCES mfa_factors (id) ON DELETE CASCADE,
  ip_address TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  verified_at INTEGER
) STRICT;

CREATE INDEX mfa_challenges_factor ON mfa_challenges (factor_id);
CREATE INDEX sessions_factor ON sessions (factor_id) WHERE factor_id IS NOT NULL;
