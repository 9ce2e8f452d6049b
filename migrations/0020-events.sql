-- Events of accounts that are to be sent to the operator's server. Instants are Unix milliseconds.

CREATE TABLE events (
  -- Events of one account are sent in this order.
  seq INTEGER PRIMARY KEY,
  -- The same in every attempt, so that the receiver can recognize a repetition.
  id TEXT NOT NULL UNIQUE,
  -- Where it goes: `webhook`, or `after_user_created`, the hook of that name.
  destination TEXT NOT NULL,
  -- The account, which may be deleted since.
  user_id TEXT NOT NULL,
  -- For example `user.created`.
  type TEXT NOT NULL,
  -- JSON: the body of the request, or the input of the hook.
  payload TEXT NOT NULL,
  -- `pending`, `delivered` or `failed`.
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  -- Why the last attempt failed.
  error TEXT,
  -- NULL if no attempt is to follow.
  next_attempt_at INTEGER,
  -- After this time, a failed attempt is the last one.
  expires_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  delivered_at INTEGER
) STRICT;

CREATE INDEX events_due ON events (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX events_pending ON events (user_id, destination, seq) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX events_failed ON events (seq) WHERE state = 'failed';
