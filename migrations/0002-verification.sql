-- Verification tokens, the PKCE flows they finish, and the messages that carry them. Instants are Unix milliseconds.

CREATE TABLE verification_tokens (
  -- `vt_` and 20 random bytes; for logs, never a secret.
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  -- The family of endpoints that minted it, which alone may consume it.
  family TEXT NOT NULL,
  -- Lower-case address it was sent to; phone kinds have a number instead, E.164 without the plus sign.
  email TEXT,
  phone TEXT,
  -- NULL where the address belonged to nobody yet.
  user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
  -- For an e-mail change the new address.
  payload TEXT,
  -- Hex HMAC-SHA-256 of the token under the pepper, and the token's first 8 characters to find it by.
  token_hash TEXT NOT NULL,
  token_prefix TEXT NOT NULL,
  -- The same over the address and the short code, and how often a wrong one was tried.
  code_hash TEXT,
  code_attempts INTEGER NOT NULL DEFAULT 0,
  -- The PKCE flow that following the link finishes.
  flow_state_id TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  -- Used, or replaced by a newer one.
  consumed_at INTEGER
) STRICT;

CREATE INDEX verification_tokens_prefix ON verification_tokens (token_prefix);
CREATE INDEX verification_tokens_email ON verification_tokens (email) WHERE email IS NOT NULL AND consumed_at IS NULL;
CREATE INDEX verification_tokens_phone ON verification_tokens (phone) WHERE phone IS NOT NULL AND consumed_at IS NULL;
CREATE INDEX verification_tokens_user ON verification_tokens (user_id, consumed_at) WHERE user_id IS NOT NULL;
CREATE INDEX verification_tokens_expiry ON verification_tokens (expires_at);

-- Sign-ins under way with a PKCE challenge (RFC 7636).
CREATE TABLE flow_state (
  id TEXT PRIMARY KEY,
  user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
  -- Hex HMAC-SHA-256 of the code that is exchanged for a session; NULL until it was handed out.
  auth_code_hash TEXT UNIQUE,
  auth_code_issued_at INTEGER,
  code_challenge TEXT NOT NULL,
  code_challenge_method TEXT NOT NULL,
  -- How the session will say it was authenticated.
  authentication_method TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX flow_state_user ON flow_state (user_id);

-- Mail and SMS: to be sent, sent, or kept for the mailbox.
CREATE TABLE messages (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  -- `email` or `sms`.
  channel TEXT NOT NULL,
  template TEXT NOT NULL,
  recipient TEXT NOT NULL,
  -- Sealed JSON of subject, bodies, code and link; NULL once nobody needs it any more.
  content TEXT,
  -- `queued`, `sent`, `failed`, or `kept` for the mailbox alone.
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  -- What the mail server said last.
  error TEXT,
  -- NULL where no attempt is to follow.
  next_attempt_at INTEGER,
  -- When what it carries is worth nothing any more.
  expires_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  sent_at INTEGER
) STRICT;

CREATE INDEX messages_due ON messages (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX messages_recipient ON messages (recipient, seq);
