"""``tickfire token``."""

from __future__ import annotations

import click

from tickfire.phoenix import Token
from tickfire.server.auth import DEFAULT_MAX_AGE_S, DEFAULT_SALT

salt_option = click.option(
    "--token-salt",
    "salt",
    envvar="TICKFIRE_TOKEN_SALT",
    default=DEFAULT_SALT,
    show_default=True,
    show_envvar=True,
    help="The salt of the tokens, the same where they are made and where they are accepted.",
)


@click.command()
@click.option(
    "--secret-key-base",
    "secret",
    envvar="SECRET_KEY_BASE",
    required=True,
    show_envvar=True,
    help="The secret of `tickfire serve`.",
)
@salt_option
@click.option(
    "--max-age",
    "max_age_s",
    type=click.FloatRange(min=0, min_open=True),
    default=DEFAULT_MAX_AGE_S,
    show_default=True,
    metavar="SECONDS",
    help="How long it is worth something.",
)
@click.argument("user")
def token(secret: str, salt: str, max_age_s: float, user: str) -> None:
    """Print a signed token that lets USER connect, as Phoenix.Token would sign it."""
    click.echo(Token(secret, salt).sign(user, max_age_s=max_age_s))
