"""Redis URLs: parsed in one way, or refused by an error that hides the password."""

from __future__ import annotations

import inspect
import ssl
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio.connection import SSLConnection, parse_url

from tickfire.base.errors import UsageError
from tickfire.store.url import TLS_OPTIONS, RedisUrl, redacted

words = st.text(min_size=1, max_size=12).filter(lambda text: text.isprintable())
ports = st.integers(0, 65535)
hosts = st.sampled_from(["127.0.0.1", "redis.example", "::1", "localhost"])


@given(hosts, ports, st.integers(0, 99), words, words, st.booleans())
def test_a_url_of_tcp_means_what_redis_py_reads(
    host: str, port: int, db: int, user: str, password: str, tls: bool
) -> None:
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    shown = f"[{host}]" if ":" in host else host
    url = f"redis{'s' * tls}://{login}@{shown}:{port or 6379}/{db}"
    ours, theirs = RedisUrl.parse(url), parse_url(url)
    assert ours.hosts == ((theirs["host"], theirs["port"]),)
    assert (ours.db, ours.username, ours.password) == (db, theirs["username"], theirs["password"])
    assert (ours.tls is not None) == tls
    assert password == ours.password and ours.shown == redacted(url)


@given(st.text(max_size=60))
def test_any_text_is_a_url_or_refused(text: str) -> None:
    for url in (text, f"redis://{text}", f"rediss://{text}", f"redis+sentinel://{text}"):
        try:
            RedisUrl.parse(url)
        except UsageError as error:
            assert str(error).startswith("REDIS_URL=")


secrets = st.text(
    alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=20
).filter(lambda text: text not in "redis://user:***@host:6379/0")


@given(secrets)
def test_a_password_is_never_shown(secret: str) -> None:
    assert secret not in redacted(f"redis://user:{secret}@host:6379/0")


def test_a_password_among_the_options_is_not_shown() -> None:
    url = "rediss://h:1/0?ssl_password=abc&ssl_ca_certs=/ca.pem&sentinel_password=def"
    assert redacted(url) == (
        "rediss://h:1/0?ssl_password=***&ssl_ca_certs=/ca.pem&sentinel_password=***"
    )
    assert redacted("redis://h:1/0") == "redis://h:1/0"
    assert redacted("redis://u:p@h:1/0") == "redis://***@h:1/0"


def test_a_socket() -> None:
    url = RedisUrl.parse("unix://u:p%40@/run/my%20redis.sock?db=3")
    assert (url.path, url.db, url.username, url.password) == ("/run/my redis.sock", 3, "u", "p@")
    assert url.hosts == () and url.tls is None


def test_sentinels() -> None:
    url = RedisUrl.parse(
        "rediss+sentinel://u:p@a:1,[::1],c/main/2?sentinel_password=q&ssl_cert_reqs=none"
    )
    assert url.hosts == (("a", 1), ("::1", 26379), ("c", 26379))
    assert (url.service, url.db, url.password, url.sentinel_password) == ("main", 2, "p", "q")
    assert url.tls == {"ssl_cert_reqs": "none"}
    assert RedisUrl.parse("redis+sentinel://a/main").db == 0


def test_options_of_tls_are_all_of_redis_py() -> None:
    """Checked against redis-py 8.1."""
    known = inspect.signature(SSLConnection.__init__).parameters
    assert set(TLS_OPTIONS) == {name for name in known if name.startswith("ssl_")}


def test_options_of_tls_get_their_types() -> None:
    url = RedisUrl.parse(
        "rediss://h?ssl_check_hostname=no&ssl_min_version=771&ssl_ca_certs=/ca%20.pem"
        "&ssl_include_verify_flags=VERIFY_X509_STRICT"
    )
    assert url.tls == {
        "ssl_check_hostname": False,
        "ssl_min_version": ssl.TLSVersion.TLSv1_2,
        "ssl_ca_certs": "/ca .pem",
        "ssl_include_verify_flags": [ssl.VerifyFlags.VERIFY_X509_STRICT],
    }


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://h", "is not a Redis URL"),
        ("redis:h", "is not a Redis URL"),
        ("redis://[::1", "is not a Redis URL"),
        ("redis://h/0?timeout=1", "unknown option timeout"),
        ("redis://h/0?protocol=3", "unknown option protocol"),
        ("redis://h/0?ssl_ca_certs=/x", "option ssl_ca_certs, which needs TLS"),
        ("rediss://h/0?ssl_cert_reqs=some", "wrong value of ssl_cert_reqs; write none, optional"),
        ("rediss://h/0?ssl_check_hostname=", "wrong value of ssl_check_hostname; write true"),
        ("rediss://h/0?ssl_min_version=1.2", "wrong value of ssl_min_version"),
        ("rediss://h/0?ssl_keyfile=", "wrong value of ssl_keyfile"),
        ("redis://h/x", "names the database 'x'"),
        ("redis://h/0/1", "names the database '0/1'"),
        ("redis://h/1?db=1", "names a database twice"),
        ("redis://h?db=1&db=2", "gives the option db twice"),
        ("redis://h:99999", "a host that is none, 'h:99999'"),
        ("redis://h:x", "a host that is none, 'h:x'"),
        ("redis://u@h", "a user without a password"),
        ("redis://u:p#q@h", "has a '#'"),
        ("unix://h/path", "names no socket"),
        ("unix://", "names no socket"),
        ("redis+sentinel://h", "names no service"),
        ("redis://h?sentinel_password=x", "unknown option sentinel_password"),
    ],
)
def test_a_wrong_url_is_refused_by_its_fault(url: str, fault: str) -> None:
    with pytest.raises(UsageError) as caught:
        RedisUrl.parse(url)
    assert fault in str(caught.value)
    assert str(caught.value).endswith(".")
