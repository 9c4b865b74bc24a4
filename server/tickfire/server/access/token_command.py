"""``tickfire token``, and the option for the salt that it shares with ``tickfire serve``."""

from __future__ import annotations

import click

from tickfire.base.finite import FiniteRange
from tickfire.phoenix import Token
from tickfire.server.access.rules import DEFAULT_MAX_AGE_S, DEFAULT_SALT

salt_option = click.option(
    "--token-salt",
    "salt",
    envvar="TICKFIRE_TOKEN_SALT",
    default=DEFAULT_SALT,
    show_default=True,
    show_envvar=True,
    help="Salt of the tokens, the same for `tickfire token` and `tickfire serve`.",
)


@click.command()
@click.option(
    "--secret-key-base",
    "secret",
    envvar="SECRET_KEY_BASE",
    required=True,
    show_envvar=True,
    help="Secret with which to sign, the same as that of `tickfire serve`.",
)
@salt_option
@click.option(
    "--max-age",
    "max_age_s",
    type=FiniteRange(min=0, min_open=True),
    default=DEFAULT_MAX_AGE_S,
    show_default=True,
    metavar="SECONDS",
    help="Time until the token expires.",
)
@click.argument("user")
def token(secret: str, salt: str, max_age_s: float, user: str) -> None:
    """Print a token with which USER may connect, signed as by Phoenix.Token."""
    click.echo(Token(secret, salt).sign(user, max_age_s=max_age_s))
