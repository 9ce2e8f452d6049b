-- Keys that access tokens are signed with, beside the HS256 secret. What each is for at a moment follows from the instants.

CREATE TABLE signing_keys (
  -- JWK thumbprint (RFC 7638), or the name an imported key came with.
  kid TEXT PRIMARY KEY,
  alg TEXT NOT NULL,
  -- Sealed; empty once it is revoked.
  private_jwk TEXT NOT NULL,
  -- When it was published.
  created_at INTEGER NOT NULL,
  -- When it begins to sign in place of the key before it; NULL for one that stands by.
  signs_from INTEGER,
  revoked_at INTEGER
) STRICT;
