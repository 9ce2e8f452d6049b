"""Checks access tokens with the public keys of the server, without a request for each."""

from typing import Any

import jwt


class Tokens:
    def __init__(self, server_url: str) -> None:
        self._issuer = f"{server_url}/auth/v1"
        # Fetched once, every five minutes, and for an unknown key every 30 seconds at most.
        self._keys = jwt.PyJWKClient(f"{self._issuer}/.well-known/jwks.json", timeout=5)

    def verify(self, token: str) -> dict[str, Any]:
        """Return the claims. Raises jwt.PyJWTError for any token that is not one of a signed-in user."""
        claims = jwt.decode(
            token,
            self._keys.get_signing_key_from_jwt(token),
            # Never "none", and never HS256, whose key would have to be a secret.
            algorithms=["ES256", "RS256", "EdDSA"],
            issuer=self._issuer,
            audience="authenticated",
            options={"require": ["sub", "exp", "role", "aal", "session_id"]},
        )
        if claims["role"] != "authenticated":
            raise jwt.InvalidTokenError(f"The role is {claims['role']}")
        return claims
