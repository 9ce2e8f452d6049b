-- Sign-ins with the account of another company. Instants are Unix milliseconds.

-- Browsers that were sent to a provider and are expected back.
CREATE TABLE oauth_states (
  -- Hex HMAC-SHA-256 of the state under the pepper.
  state_hash TEXT PRIMARY KEY,
  provider TEXT NOT NULL,
  -- The same of the cookie of the browser that was sent; NULL where the answer is bound to another proof.
  browser_hash TEXT,
  -- Where the browser is led to in the end.
  redirect_to TEXT NOT NULL,
  -- The client's PKCE challenge (RFC 7636); NULL in the implicit flow.
  code_challenge TEXT,
  code_challenge_method TEXT,
  -- Sealed: what this server has to show to the provider in turn.
  upstream_verifier TEXT,
  -- The account that the identity is to be linked to.
  linking_user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
  -- The invitation that is accepted this way.
  invite_token_id TEXT,
  invited_user_id TEXT,
  created_at INTEGER NOT NULL,
  -- When the browser came back; a state is good for once.
  used_at INTEGER
) STRICT;

CREATE INDEX oauth_states_linking ON oauth_states (linking_user_id) WHERE linking_user_id IS NOT NULL;

-- Sealed JSON of the provider's tokens, to be handed to the client with the session.
ALTER TABLE flow_state ADD COLUMN provider_tokens TEXT;

-- To find whom an address of a provider belongs to.
CREATE INDEX identities_email ON identities (email) WHERE email IS NOT NULL;
