"""Signs up, signs in with a password and with a code by mail, and cleans up with the secret key."""

import secrets

import httpx2
from supabase import Client, create_client

from settings import PUBLISHABLE_KEY, SECRET_KEY, SUPABASE_URL

email = f"ada-{secrets.token_hex(4)}@example.com"
password = "correct-horse-battery-9"


def code_from_mailbox(to: str) -> str:
    """The code of the newest mail. Only while no mail server is configured."""
    messages = httpx2.get(f"{SUPABASE_URL}/mailbox/api/messages", params={"to": to, "limit": 1}).json()
    return messages[0]["code"]


# A client holds the session of one user. A server makes one for each user, never one for all.
supabase: Client = create_client(SUPABASE_URL, PUBLISHABLE_KEY)

user = supabase.auth.sign_up({"email": email, "password": password}).user
print("signed up:", user.email)
supabase.auth.sign_out()

session = supabase.auth.sign_in_with_password({"email": email, "password": password}).session
print("signed in with the password; the token expires in", session.expires_in, "seconds")
supabase.auth.sign_out()

supabase.auth.sign_in_with_otp({"email": email, "options": {"should_create_user": False}})
session = supabase.auth.verify_otp({"email": email, "token": code_from_mailbox(email), "type": "email"}).session
print("signed in with a code by mail")

claims = supabase.auth.get_claims()["claims"]
print("claims:", {name: claims[name] for name in ("sub", "role", "aal")})

admin = create_client(SUPABASE_URL, SECRET_KEY).auth.admin
admin.update_user_by_id(user.id, {"app_metadata": {"plan": "pro"}})
print("app_metadata:", supabase.auth.get_user().user.app_metadata)
admin.delete_user(user.id)
print("deleted")
