-- Proofs of work that were accepted, so that none of them is good a second time, on any node. Instants are Unix milliseconds.

CREATE TABLE spent_captchas (
  -- Random id of the challenge that the proof solves.
  id TEXT PRIMARY KEY,
  -- When the challenge is too old to be used anyway.
  expires_at INTEGER NOT NULL
) STRICT;
