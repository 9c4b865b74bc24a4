"""Origins that may open a socket."""

from __future__ import annotations

import pytest

from tickfire.phoenix.transports.origin import Origin, OriginRule, compile_check

PATTERNS = ["//allowed.example", "//*.wild.example"]


@pytest.mark.parametrize(
    ("rule", "origin", "allowed"),
    [
        (True, None, True),
        (True, "http://localhost", True),
        (True, "https://localhost:9999", True),
        (True, "http://LOCALHOST", False),
        (True, "http://other.example", False),
        (True, "", False),
        (True, "null", False),
        (True, "localhost", False),
        (True, "http://", False),
        (True, "http://localhost.evil.example", False),
        (True, "http://evil.example#localhost", False),
        (False, "http://evil.example", True),
        (False, "null", True),
        (PATTERNS, None, True),
        (PATTERNS, "http://allowed.example", True),
        (PATTERNS, "https://allowed.example:8443", True),
        (PATTERNS, "http://ALLOWED.example", False),
        (PATTERNS, "http://a.wild.example", True),
        (PATTERNS, "http://a.b.wild.example", True),
        (PATTERNS, "http://wild.example", True),
        (PATTERNS, "http://evilwild.example", False),
        (PATTERNS, "http://localhost", False),
        (["https://only.example"], "https://only.example", True),
        (["https://only.example"], "https://only.example:443", True),
        (["https://only.example"], "https://only.example:444", False),
        (["https://only.example"], "http://only.example", False),
        (["//host.example:8080"], "http://host.example:8080", True),
        (["//host.example:8080"], "http://host.example", False),
        ("conn", "http://asked.example:4000", True),
        ("conn", "http://other.example", False),
        (["conn", "//other.example"], "http://other.example", True),
        (["conn", "//other.example"], "http://asked.example", True),
        ([], "http://localhost", False),
        (True, "http://[::1]:4000", False),
        (["//[::1]"], "http://[::1]:4000", True),
        (True, "http://localhost:notaport", False),
    ],
)
def test_origin(rule: OriginRule, origin: str | None, allowed: bool) -> None:
    assert compile_check(rule, "localhost")(origin, "asked.example") is allowed


def test_a_function_decides_on_the_parsed_origin() -> None:
    def decide(origin: Origin) -> bool:
        return origin == Origin("https", "a.example", 8443)

    check = compile_check(decide, "localhost")
    assert check("https://a.example:8443", "")
    assert not check("https://a.example", "")
    assert check(None, "")


def test_a_pattern_without_a_host_is_refused() -> None:
    with pytest.raises(ValueError, match="must be written"):
        compile_check(["allowed.example"], "localhost")
