-- People whose account is at another server, signed in here. Instants are Unix milliseconds.

CREATE TABLE external_sessions (
  id TEXT PRIMARY KEY,
  -- The public part of the token that the client holds, and the hex HMAC-SHA-256 of the whole under the pepper.
  lookup_id TEXT NOT NULL UNIQUE,
  token_hash TEXT NOT NULL,
  -- Base URL of the other server, as it is listed.
  server TEXT NOT NULL,
  -- Of the account, as that server tells it: 32 hexadecimal digits of a UUID, or what stands in place of one.
  external_id TEXT NOT NULL,
  -- Sealed: the token of the other server.
  upstream_token TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  -- Of the client's token.
  expires_at INTEGER NOT NULL
) STRICT;
