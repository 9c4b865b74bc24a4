"""Options of ``tickfire serve`` for JSON Web Tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import click

from tickfire.base.errors import UsageError
from tickfire.ingest.news.addresses import is_web_address
from tickfire.server.access.jwt_tokens import JWTRules

_OPTIONS: Final = (
    click.option(
        "--jwt-key",
        envvar="TICKFIRE_JWT_KEY",
        show_envvar=True,
        help="Accept JSON Web Tokens signed with this secret (HS256), or with the private key of "
        "this public one (RS256, ES256; PEM).",
    ),
    click.option(
        "--jwks-url",
        envvar="TICKFIRE_JWKS_URL",
        show_envvar=True,
        callback=lambda context, parameter, value: _checked(value),
        metavar="URL",
        help="Accept JSON Web Tokens signed with a key of the set at this address.",
    ),
    click.option(
        "--jwt-audience",
        envvar="TICKFIRE_JWT_AUDIENCE",
        show_envvar=True,
        help="Audience (aud) that they must have; by default they must have none.",
    ),
    click.option(
        "--jwt-issuer",
        envvar="TICKFIRE_JWT_ISSUER",
        show_envvar=True,
        help="Issuer (iss) that they must have; by default any.",
    ),
    click.option(
        "--jwt-claim",
        envvar="TICKFIRE_JWT_CLAIM",
        show_envvar=True,
        metavar="NAME",
        help="Claim, an object, that holds topics, rates and so on, for issuers that add claims "
        "of their own; by default they are beside the others, and unknown ones are refused.",
    ),
)


def _checked(url: str | None) -> str | None:
    if url and not is_web_address(url):
        raise UsageError("--jwks-url must be an address such as https://login.example.com/keys.")
    return url


def jwt_options[F: Callable[..., Any]](command: F) -> F:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def jwt_rules(given: Mapping[str, Any]) -> JWTRules | None:
    """Return the rules that the values of the options set, None for none."""
    key, url = given["jwt_key"] or None, given["jwks_url"] or None
    if key is None and url is None:
        return None
    return JWTRules(key, url, given["jwt_audience"], given["jwt_issuer"], given["jwt_claim"])
