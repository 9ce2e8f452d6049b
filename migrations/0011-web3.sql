-- Signed messages that somebody signed in with, so that none of them is good a second time. Instants are Unix milliseconds.

CREATE TABLE web3_messages (
  -- Hex SHA-256 of the message.
  message_hash TEXT PRIMARY KEY,
  -- When the message is too old to be used anyway.
  expires_at INTEGER NOT NULL
) STRICT;
