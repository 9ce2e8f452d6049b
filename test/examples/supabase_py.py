"""What applications call of supabase-py, against the server of the environment, which confirms addresses by mail."""

import asyncio
import base64
import hashlib
import hmac
import os
import struct
import time
from urllib.parse import parse_qs, urlparse

import httpx2
from supabase import AuthApiError, AuthWeakPasswordError, acreate_client, create_client

URL = os.environ["SUPABASE_URL"]
PUBLISHABLE_KEY = os.environ["SUPABASE_PUBLISHABLE_KEY"]
SECRET_KEY = os.environ["SUPABASE_SECRET_KEY"]
PASSWORD = "correct-horse-battery-9"

ada = create_client(URL, PUBLISHABLE_KEY).auth
admin = create_client(URL, SECRET_KEY).auth.admin


def mail_to(address: str) -> dict:
    return httpx2.get(f"{URL}/mailbox/api/messages", params={"to": address}).json()[0]


def refused(call, code: str) -> None:
    try:
        call()
    except (AuthApiError, AuthWeakPasswordError) as error:
        assert error.code == code, f"{error.code} instead of {code}"
    else:
        raise AssertionError(f"not refused with {code}")


def totp(secret: str) -> str:
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30), hashlib.sha1)
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset : offset + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


def sign_up_by_link() -> None:
    account = {"email": "ada@example.com", "password": PASSWORD}
    assert ada.sign_up({**account, "options": {"data": {"name": "Ada"}}}).session is None
    refused(lambda: ada.sign_in_with_password(account), "email_not_confirmed")
    location = httpx2.get(mail_to("ada@example.com")["links"][0], follow_redirects=False).headers["location"]
    code = parse_qs(urlparse(location).query)["code"][0]
    user = ada.exchange_code_for_session({"auth_code": code}).user
    assert user.user_metadata["name"] == "Ada"
    assert [identity.provider for identity in ada.get_user_identities().identities] == ["email"]


def codes_by_mail() -> None:
    ada.sign_out()
    refused(lambda: ada.sign_in_with_password({"email": "ada@example.com", "password": "wrong"}), "invalid_credentials")
    ada.sign_in_with_otp({"email": "ada@example.com", "options": {"should_create_user": False}})
    code = {"email": "ada@example.com", "token": mail_to("ada@example.com")["code"], "type": "email"}
    assert ada.verify_otp(code).session is not None
    refused(lambda: ada.verify_otp(code), "otp_expired")

    ada.reset_password_for_email("ada@example.com")
    code = {**code, "token": mail_to("ada@example.com")["code"], "type": "recovery"}
    ada.verify_otp(code)
    refused(lambda: ada.update_user({"password": PASSWORD}), "same_password")
    refused(lambda: ada.update_user({"password": "short"}), "weak_password")
    ada.update_user({"password": "staple-battery-horse-7", "data": {"name": "Ada L."}})

    ada.update_user({"email": "countess@example.com"})
    for address in ("ada@example.com", "countess@example.com"):
        ada.verify_otp({"email": address, "token": mail_to(address)["code"], "type": "email_change"})
    assert ada.get_user().user.email == "countess@example.com"


def second_factor() -> None:
    factor = ada.mfa.enroll({"factor_type": "totp", "friendly_name": "phone"})
    assert factor.totp.uri.startswith("otpauth://totp/")
    challenge = ada.mfa.challenge({"factor_id": factor.id})
    answer = {"factor_id": factor.id, "challenge_id": challenge.id}
    refused(lambda: ada.mfa.verify({**answer, "code": "not a code"}), "mfa_verification_failed")
    ada.mfa.verify({**answer, "code": totp(factor.totp.secret)})
    assert ada.get_claims()["claims"]["aal"] == "aal2"
    assert ada.mfa.get_authenticator_assurance_level().current_level == "aal2"
    assert [each.status for each in ada.mfa.list_factors().totp] == ["verified"]
    user_id = ada.get_user().user.id
    assert [each.id for each in admin.mfa.list_factors({"user_id": user_id})] == [factor.id]
    admin.mfa.delete_factor({"user_id": user_id, "id": factor.id})


def sessions() -> None:
    token = ada.get_session().access_token
    assert ada.refresh_session().session.access_token != token
    session = ada.get_session()
    assert ada.set_session(session.access_token, session.refresh_token).user.email == "countess@example.com"
    refused(lambda: ada.get_user("x.y.z"), "bad_jwt")
    ada.sign_out({"scope": "others"})
    assert ada.get_user(session.access_token).user is not None
    admin.sign_out(session.access_token, "global")
    refused(lambda: ada.get_user(session.access_token), "session_not_found")


def administration() -> None:
    grace = admin.create_user({"email": "grace@example.com", "password": PASSWORD, "email_confirm": True}).user
    refused(lambda: admin.create_user({"email": "grace@example.com"}), "email_exists")
    assert admin.update_user_by_id(grace.id, {"app_metadata": {"plan": "pro"}}).user.app_metadata["plan"] == "pro"
    assert len(admin.list_users(page=1, per_page=1)) == 1
    assert admin.list_users(page=99) == []
    assert admin.get_user_by_id(grace.id).user.email == "grace@example.com"
    admin.invite_user_by_email("alan@example.com", {"data": {"team": "Enigma"}})
    link = admin.generate_link({"type": "magiclink", "email": "grace@example.com"}).properties
    opened = create_client(URL, PUBLISHABLE_KEY).auth
    assert opened.verify_otp({"token_hash": link.hashed_token, "type": "magiclink"}).user.id == grace.id
    admin.update_user_by_id(grace.id, {"ban_duration": "24h"})
    refused(lambda: opened.refresh_session(), "user_banned")
    admin.delete_user(grace.id)
    refused(lambda: admin.get_user_by_id(grace.id), "user_not_found")
    refused(lambda: create_client(URL, PUBLISHABLE_KEY).auth.admin.list_users(), "not_admin")


async def asynchronous() -> None:
    auth = (await acreate_client(URL, PUBLISHABLE_KEY)).auth
    await auth.sign_up({"email": "edsger@example.com", "password": PASSWORD})
    code = mail_to("edsger@example.com")["code"]
    await auth.verify_otp({"email": "edsger@example.com", "token": code, "type": "signup"})
    await asyncio.gather(*[auth.refresh_session() for _ in range(5)])
    assert (await auth.get_claims())["claims"]["email"] == "edsger@example.com"
    await auth.sign_out()


sign_up_by_link()
codes_by_mail()
second_factor()
sessions()
administration()
asyncio.run(asynchronous())
print("passed")
