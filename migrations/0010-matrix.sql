-- Matrix accounts of users (service.md). Instants are Unix milliseconds.

-- Such as `@ada:example.com`; NULL: none, or none yet.
ALTER TABLE users ADD COLUMN matrix_user_id TEXT;

-- Users whose account at the homeserver is still to be made.
CREATE TABLE matrix_registrations (
  user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  -- 1 for the user's own name; `n` for the name with `-n` behind it, where those before it are taken.
  suffix INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  -- When the next attempt is due. Whoever takes it moves this on, so that nobody else does.
  next_attempt_at INTEGER NOT NULL,
  -- What the homeserver said last.
  error TEXT
) STRICT;

CREATE INDEX matrix_registrations_due ON matrix_registrations (next_attempt_at);
