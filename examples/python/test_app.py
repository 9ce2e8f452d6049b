"""Tokens that the API must refuse. The keys are the tests' own; no server is needed."""

import hmac
import json
import os
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi.testclient import TestClient
from jwt.utils import base64url_encode

os.environ["SUPABASE_URL"] = "http://auth.test"
os.environ["SUPABASE_PUBLISHABLE_KEY"] = "sb_publishable_test"
os.environ["SUPABASE_SECRET_KEY"] = "sb_secret_test"

import app as api  # noqa: E402

client = TestClient(api.app)
key = ec.generate_private_key(ec.SECP256R1())
published: list[dict[str, Any]] = []


def publish(private_key: ec.EllipticCurvePrivateKey, kid: str) -> None:
    jwk = jwt.algorithms.ECAlgorithm.to_jwk(private_key.public_key(), as_dict=True)
    published.append({**jwk, "kid": kid, "alg": "ES256", "use": "sig"})


@pytest.fixture(autouse=True)
def key_set(monkeypatch: pytest.MonkeyPatch) -> None:
    published.clear()
    publish(key, "first")
    monkeypatch.setattr(api.tokens._keys, "fetch_data", lambda: {"keys": published})
    monkeypatch.setattr(api.tokens._keys, "_last_successful_fetch", None)


def claims(**changes: Any) -> dict[str, Any]:
    return {
        "iss": "http://auth.test/auth/v1",
        "aud": "authenticated",
        "sub": "5f9b8c1e-6a43-4b6f-9a57-0d2f6f0f2d11",
        "role": "authenticated",
        "aal": "aal1",
        "session_id": "0b7b54d3-3c1c-4a39-8a0c-5c8f3f7f0c52",
        "exp": int(time.time()) + 3600,
        **changes,
    }


def sign(payload: dict[str, Any], private_key: Any = key, kid: str = "first", algorithm: str = "ES256") -> str:
    return jwt.encode(payload, private_key, algorithm, {"kid": kid})


def status_of_me(token: str) -> int:
    return client.get("/me", headers={"Authorization": f"Bearer {token}"}).status_code


def test_accepts_a_token_of_a_signed_in_user() -> None:
    assert status_of_me(sign(claims())) == 200


def test_refuses_a_request_without_a_token() -> None:
    assert client.get("/me").status_code == 401


def test_refuses_a_token_signed_with_another_key() -> None:
    assert status_of_me(sign(claims(), ec.generate_private_key(ec.SECP256R1()))) == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": int(time.time()) - 1},
        {"aud": "billing"},
        {"iss": "https://other.example.com/auth/v1"},
        {"role": "service_role"},
    ],
)
def test_refuses_other_claims(changes: dict[str, Any]) -> None:
    assert status_of_me(sign(claims(**changes))) == 401


@pytest.mark.parametrize("name", ["exp", "session_id", "sub"])
def test_refuses_a_token_without(name: str) -> None:
    payload = claims()
    del payload[name]
    assert status_of_me(sign(payload)) == 401


def test_refuses_an_unsigned_token() -> None:
    assert status_of_me(sign(claims(), None, algorithm="none")) == 401


def test_refuses_hs256_with_the_public_key_as_its_secret() -> None:
    parts = [{"alg": "HS256", "kid": "first"}, claims()]
    content = b".".join(base64url_encode(json.dumps(part).encode()) for part in parts)
    signature = hmac.digest(json.dumps(published[0]).encode(), content, "sha256")
    assert status_of_me(b".".join([content, base64url_encode(signature)]).decode()) == 401


def test_payouts_need_a_second_factor() -> None:
    response = client.post("/payouts", headers={"Authorization": f"Bearer {sign(claims())}"})
    assert response.status_code == 403


def test_accepts_tokens_of_both_keys_after_a_rotation() -> None:
    second = ec.generate_private_key(ec.SECP256R1())
    assert status_of_me(sign(claims(), second, "second")) == 401
    publish(second, "second")
    api.tokens._keys._last_successful_fetch = None  # 30 seconds later
    assert status_of_me(sign(claims(), second, "second")) == 200
    assert status_of_me(sign(claims())) == 200
