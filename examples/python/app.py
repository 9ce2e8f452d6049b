"""An API for signed-in users."""

from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from supabase import AuthApiError, create_client

from settings import PUBLISHABLE_KEY, SUPABASE_URL
from tokens import Tokens

app = FastAPI()
tokens = Tokens(SUPABASE_URL)
supabase = create_client(SUPABASE_URL, PUBLISHABLE_KEY)

Credentials = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]


def unauthorized(error: Exception) -> HTTPException:
    return HTTPException(401, str(error), {"WWW-Authenticate": 'Bearer error="invalid_token"'})


def signed_in(credentials: Credentials) -> dict[str, Any]:
    """Any signed-in user."""
    try:
        return tokens.verify(credentials.credentials)
    except jwt.PyJWKClientConnectionError:
        raise  # Status 500: the keys could not be fetched, which says nothing about the token.
    except jwt.PyJWTError as error:
        raise unauthorized(error) from error


Claims = Annotated[dict[str, Any], Depends(signed_in)]


def second_factor(claims: Claims) -> None:
    """A user who passed a second factor."""
    if claims["aal"] != "aal2":
        raise HTTPException(403, "A second factor is required")


def session_alive(credentials: Credentials, _: Claims) -> None:
    """
    A session that has not ended since the token was issued. A token stays valid until it expires, even after a sign-out,
    a ban or the deletion of the account; the server knows.
    """
    try:
        supabase.auth.get_user(credentials.credentials)
    except AuthApiError as error:
        if error.status not in (401, 403):
            raise
        raise unauthorized(error) from error


@app.get("/me")
def me(claims: Claims) -> dict[str, Any]:
    return {name: claims.get(name) for name in ("sub", "email", "role", "aal", "session_id")}


@app.delete("/files", dependencies=[Depends(session_alive)])
def delete_files(claims: Claims) -> dict[str, Any]:
    return {"deleted": True, "by": claims["sub"]}


@app.post("/payouts", dependencies=[Depends(second_factor), Depends(session_alive)])
def pay_out(claims: Claims) -> dict[str, Any]:
    return {"paid": True, "to": claims["sub"]}
