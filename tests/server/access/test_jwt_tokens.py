"""JSON Web Tokens, with one key and with those that an issuer publishes."""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tickfire.base.errors import UsageError
from tickfire.server.access import jwt_tokens
from tickfire.server.access.claims import ClaimsError
from tickfire.server.access.grant import Grant
from tickfire.server.access.jwt_tokens import JWTReader, JWTRules

SECRET = "a secret of at least thirty-two bytes"
OTHER = "another secret of thirty-two bytes and more"


def signed(secret: str = SECRET, kid: str | None = None, **claims: Any) -> str:
    headers = None if kid is None else {"kid": kid}
    whole = {"exp": int(time.time()) + 60, **claims}
    return jwt.encode(whole, secret, "HS256", headers=headers)


class Issuer:
    """An HTTP server of a set of keys."""

    def __init__(self) -> None:
        self.keys: dict[str, str] = {}
        self.published: list[dict[str, Any]] = []
        self.requests = 0
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.requests += 1
                body = issuer.as_json()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/keys"

    def as_json(self) -> bytes:
        keys = [
            {
                "kty": "oct", "kid": kid, "alg": "HS256",
                "k": base64.urlsafe_b64encode(secret.encode()).decode().rstrip("="),
            }
            for kid, secret in self.keys.items()
        ]  # fmt: skip
        return msgspec.json.encode({"keys": keys + self.published})

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    monkeypatch.setattr(jwt_tokens, "KEYS_TIMEOUT_S", 60.0)
    found = Issuer()
    yield found
    found.close()


async def test_a_token_of_the_issuer_grants_its_claims() -> None:
    reader = JWTReader(JWTRules(SECRET, audience="market", issuer="me"))
    claims: dict[str, Any] = {"aud": "market", "iss": "me", "sub": "ada", "topics": ["market:*"]}
    grant = await reader.grant_of(signed(**claims))
    assert grant is not None
    assert (grant.subject, grant.topics) == ("ada", ("market:*",))
    assert grant.expires_at is not None
    for wrong in (
        signed(OTHER, **claims),
        signed(**{**claims, "aud": "x"}),
        signed(**{**claims, "iss": "x"}),
        signed(**{**claims, "exp": 1}),
        jwt.encode(claims, SECRET, "HS256"),  # which does not expire
        "a.b.c",
        "",
    ):
        assert await reader.grant_of(wrong) is None


async def test_unknown_claims_are_refused_unless_the_grant_has_a_claim_of_its_own() -> None:
    with pytest.raises(ClaimsError, match="the claim email is unknown"):
        await JWTReader(JWTRules(SECRET)).grant_of(signed(email="a@b.example"))
    reader = JWTReader(JWTRules(SECRET, claim="tickfire"))
    claims: dict[str, Any] = {"sub": "ada", "email": "a@b.example", "exp": 4_000_000_000}
    grant = await reader.grant_of(signed(**claims, tickfire={"topics": ["market:*"]}))
    assert grant == Grant(subject="ada", topics=("market:*",), expires_at=4_000_000_000)
    several: list[dict[str, Any]] = [{}, {"tickfire": None}, {"tickfire": {"topic": []}}]
    for malformed in several:
        with pytest.raises(ClaimsError):
            await reader.grant_of(signed(**claims, **malformed))


async def test_keys_that_the_issuer_adds_are_asked_for(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer.keys = {"1": SECRET}
    reader = JWTReader(JWTRules(keys_url=issuer.url))
    assert await reader.grant_of(signed(kid="1")) is not None
    assert await reader.grant_of(signed(OTHER, kid="1")) is None
    issuer.keys = {"2": OTHER}
    for _ in range(5):
        assert await reader.grant_of(signed(OTHER, kid="2")) is None
    assert issuer.requests == 1  # unknown ids do not flood the issuer
    monkeypatch.setattr(jwt_tokens, "RETRY_S", 0.0)
    assert await reader.grant_of(signed(OTHER, kid="2")) is not None
    assert await reader.grant_of(signed(kid="1")) is None


# --- keys in two parts
PRIVATE: dict[str, Any] = {
    "RS256": rsa.generate_private_key(public_exponent=65_537, key_size=2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
}
CLAIMS: dict[str, Any] = {"sub": "ada", "exp": 4_000_000_000}


def public_pem(algorithm: str) -> str:
    key = PRIVATE[algorithm].public_key()
    pem: bytes = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode()


def forged(public: str) -> str:
    """Return a token that is signed with a public key as if that were a secret."""
    parts = [{"alg": "HS256", "kid": "1"}, CLAIMS]
    head = ".".join(_as_base64(msgspec.json.encode(part)) for part in parts)
    mac = hmac.digest(public.encode(), head.encode(), "sha256")
    return f"{head}.{_as_base64(mac)}"


def _as_base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@pytest.mark.parametrize("algorithm", PRIVATE)
async def test_a_public_key_verifies_what_its_private_key_signed(algorithm: str) -> None:
    public = public_pem(algorithm)
    reader = JWTReader(JWTRules(public))
    token = jwt.encode(CLAIMS, PRIVATE[algorithm], algorithm)
    assert await reader.grant_of(token) == Grant(subject="ada", expires_at=CLAIMS["exp"])
    (other,) = set(PRIVATE) - {algorithm}
    for wrong in (jwt.encode(CLAIMS, PRIVATE[other], other), forged(public), signed()):
        assert await reader.grant_of(wrong) is None


@pytest.mark.parametrize("algorithm", PRIVATE)
async def test_public_keys_that_the_issuer_publishes_verify(issuer: Issuer, algorithm: str) -> None:
    known: Any = jwt.get_algorithm_by_name(algorithm)
    published = known.to_jwk(PRIVATE[algorithm].public_key(), as_dict=True)
    issuer.published = [{**published, "kid": "1", "alg": algorithm, "use": "sig"}]
    reader = JWTReader(JWTRules(keys_url=issuer.url))
    token = jwt.encode(CLAIMS, PRIVATE[algorithm], algorithm, headers={"kid": "1"})
    assert await reader.grant_of(token) == Grant(subject="ada", expires_at=CLAIMS["exp"])
    assert await reader.grant_of(forged(public_pem(algorithm))) is None


def test_a_public_key_that_is_none_is_refused() -> None:
    broken = "-----BEGIN PUBLIC KEY-----\nbm90IGEga2V5\n-----END PUBLIC KEY-----"
    with pytest.raises(UsageError, match="--jwt-key: the key cannot be used with RS256 or ES256"):
        JWTReader(JWTRules(broken))


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(UsageError, match="HS256 needs a secret of at least 32 bytes"):
        JWTReader(JWTRules("k" * 31))


def test_rules_that_cannot_be_used_are_refused() -> None:
    for rules in (JWTRules(), JWTRules(SECRET, "http://127.0.0.1:1")):
        with pytest.raises(UsageError, match="--jwt-key or --jwks-url"):
            JWTReader(rules)
