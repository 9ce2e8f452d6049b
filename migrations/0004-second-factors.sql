-- Factors by phone and WebAuthn, recovery codes, passkeys, and how often somebody guessed at a code.

-- E.164 digits; NULL where the factor is none of a phone.
ALTER TABLE mfa_factors ADD COLUMN phone TEXT;
-- The model of the authenticator, where it tells.
ALTER TABLE mfa_factors ADD COLUMN web_authn_aaguid TEXT;
CREATE UNIQUE INDEX mfa_factors_phone ON mfa_factors (user_id, phone) WHERE phone IS NOT NULL;

-- Hex HMAC-SHA-256 of the code that was sent, under the pepper.
ALTER TABLE mfa_challenges ADD COLUMN otp_code_hash TEXT;
-- What an authenticator is to sign, base64url.
ALTER TABLE mfa_challenges ADD COLUMN web_authn_challenge TEXT;

-- Guesses at the codes of a user's factors, all of them together, since `since`. Gone once one was right.
CREATE TABLE mfa_attempts (
  user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  attempts INTEGER NOT NULL,
  since INTEGER NOT NULL
) STRICT;

CREATE TABLE mfa_recovery_codes (
  factor_id TEXT NOT NULL REFERENCES mfa_factors (id) ON DELETE CASCADE,
  -- Hex HMAC-SHA-256 under the pepper.
  code_hash TEXT NOT NULL,
  used_at INTEGER,
  PRIMARY KEY (factor_id, code_hash)
) STRICT, WITHOUT ROWID;

-- Public keys of authenticators: passkeys, and those of WebAuthn factors.
CREATE TABLE webauthn_credentials (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- The factor it is of; NULL for a passkey.
  factor_id TEXT UNIQUE REFERENCES mfa_factors (id) ON DELETE CASCADE,
  -- base64url.
  credential_id TEXT NOT NULL UNIQUE,
  -- COSE_Key (RFC 9052 §7), base64url.
  public_key TEXT NOT NULL,
  sign_count INTEGER NOT NULL,
  -- JSON array.
  transports TEXT NOT NULL,
  aaguid TEXT NOT NULL,
  backup_eligible INTEGER NOT NULL,
  backed_up INTEGER NOT NULL,
  friendly_name TEXT NOT NULL,
  last_used_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX webauthn_credentials_user ON webauthn_credentials (user_id, created_at);

-- Ceremonies of passkeys that have begun. Those of factors are in mfa_challenges.
CREATE TABLE webauthn_challenges (
  id TEXT PRIMARY KEY,
  -- Who registers a passkey; NULL for a sign-in.
  user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
  -- base64url.
  challenge TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX webauthn_challenges_user ON webauthn_challenges (user_id) WHERE user_id IS NOT NULL;
