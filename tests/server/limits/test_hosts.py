"""Names by which the server may be reached."""

from __future__ import annotations

import pytest

from tickfire.server.limits.hosts import LOCAL, Hosts, hosts_of

HOSTS = Hosts((*LOCAL, "desk.example", "*.tickfire.example"))


@pytest.mark.parametrize(
    ("header", "allowed"),
    [
        (None, True),
        ("localhost", True),
        ("localhost:4000", True),
        ("LocalHost.:4000", True),
        ("app.localhost:4000", True),
        ("127.0.0.1:4000", True),
        ("192.168.1.5", True),
        ("[::1]:4000", True),
        ("[::1]", True),
        ("desk.example", True),
        ("tickfire.example", True),
        ("a.b.tickfire.example:80", True),
        ("evil.com", False),
        ("evil.com:4000", False),
        ("localhost.evil.com", False),
        ("127.0.0.1.evil.com", False),
        ("eviltickfire.example", False),
        ("evil.com:x", False),
        ("", False),
    ],
)
def test_names_are_allowed_and_addresses_always(header: str | None, allowed: bool) -> None:
    assert HOSTS.allow(header) == allowed


def test_the_hosts_of_origins() -> None:
    origins = ["https://app.example", "//*.example", "http://other.example:8080", "desk.example"]
    assert hosts_of(origins) == ["app.example", "*.example", "other.example", "desk.example"]
