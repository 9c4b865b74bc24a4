"""Redis URLs, parsed and checked in the same way for every process. Pure.

::

    redis://[user:password@]host[:port][/db]          plain TCP
    redis://[user:password@]host[:port],host[:port]...  nodes of a Cluster, of which one must answer
    rediss://...                                      TLS; options ssl_*, named as in redis-py
    unix://[user:password@]/path/of/socket[?db=1]     a Unix socket
    redis+sentinel://[user:password@]host[:port][,host[:port]...]/service[/db]
    rediss+sentinel://...                             the primary that Sentinels name

A Cluster has no scheme of its own: `Store.open` asks the server.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from tickfire.base.errors import UsageError
from tickfire.base.redaction import HIDDEN, without_query_secrets

DEFAULT_URL: Final = "redis://127.0.0.1:6379/0"
DEFAULT_HOST: Final = "localhost"
REDIS_PORT: Final = 6379
SENTINEL_PORT: Final = 26379

type Host = tuple[str, int]

_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^:\[\]\s]*)(?::(\d{1,5}))?")
_SCHEMES: Final = ("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel")


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """A Redis URL, parsed and checked.

    Attributes
    ----------
    shown : str
        The URL without its passwords.
    hosts : tuple of (str, int)
        Host and port of the server, of some nodes of a Cluster, or of each Sentinel; empty for a
        Unix socket.
    path : str or None
        Path of a Unix socket.
    service : str or None
        Name of the primary at the Sentinels.
    db : int
    username, password : str or None
        For AUTH.
    tls : dict or None
        Arguments ``ssl_*`` of redis-py's `SSLConnection`; None without TLS.
    sentinel_username, sentinel_password : str or None
        For AUTH at the Sentinels.
    """

    shown: str
    hosts: tuple[Host, ...] = ()
    path: str | None = None
    service: str | None = None
    db: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: Mapping[str, Any] | None = None
    sentinel_username: str | None = None
    sentinel_password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> Self:
        """Parse a URL.

        Raises
        ------
        UsageError
            The URL is not a Redis URL, or has an unknown part or option.
        """
        try:
            return cls(redacted(url), **_parts(url))
        except ValueError as error:
            raise UsageError(f"REDIS_URL={redacted(url)} {error}") from None


def redacted(url: str) -> str:
    """Return a URL with its credentials replaced by ``***``, for logs and errors.

    Any URL will do, also one that cannot be parsed.
    """
    scheme, separator, rest = url.partition("://") if "://" in url else ("", "", url)
    if "@" in rest:
        rest = f"{HIDDEN}@" + rest.rpartition("@")[2]
    return without_query_secrets(scheme + separator + rest)


# --- parts; a ValueError holds the rest of a sentence that begins with the URL
def _parts(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _not_a_url() from None
    if parts.scheme not in _SCHEMES or "://" not in url:
        raise _not_a_url()
    if parts.fragment or url.endswith("#"):
        raise ValueError("has a '#'; write %23 if it belongs to a password.")
    user, hosts = _authority(parts)
    found: dict[str, Any] = {**user, **_options(parts)}
    if parts.scheme == "unix":
        if hosts or not unquote(parts.path).strip("/"):
            raise ValueError("names no socket; write unix:///path/of/socket.")
        return {**found, "path": unquote(parts.path)}
    *service, database = [unquote(part) for part in parts.path.split("/")[1:]] or [""]
    if parts.scheme.endswith("+sentinel"):
        found["hosts"] = _hosts(hosts, SENTINEL_PORT)
        service, database = (service, database) if service else ([database], "")
        if len(service) != 1 or not service[0]:
            raise ValueError("names no service; write redis+sentinel://host:port/service/0.")
        found["service"] = service[0]
    else:
        found["hosts"] = _hosts(hosts, REDIS_PORT)
        database = "/".join((*service, database))
    if database:
        if "db" in found:
            raise ValueError("names a database twice; leave out the option db.")
        found["db"] = _number(database)
    return found


def _not_a_url() -> ValueError:
    return ValueError(
        "is not a Redis URL; write redis://host:port/0, or one of rediss://, unix://, "
        "redis+sentinel:// and rediss+sentinel://."
    )


def _authority(parts: SplitResult) -> tuple[dict[str, str], str]:
    """Return the credentials and the text of the hosts."""
    user, at, hosts = parts.netloc.rpartition("@")
    username, colon, password = user.partition(":")
    if at and not (colon and password):
        raise ValueError("names a user without a password; write user:password@ or :password@.")
    found = {"username": unquote(username), "password": unquote(password)}
    return {name: text for name, text in found.items() if text}, hosts


def _hosts(text: str, default_port: int) -> tuple[Host, ...]:
    hosts = (_host(each, default_port) for each in text.split(","))
    return tuple(dict.fromkeys(hosts))


def _host(text: str, default_port: int) -> Host:
    found = _HOST.fullmatch(text)
    if found is None or not (port := int(found[2] or default_port)) <= 65535:
        raise ValueError(f"names a host that is none, {text!r}; write host:port.")
    return unquote(found[1]).strip("[]") or DEFAULT_HOST, port


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"names the database {text!r}; write a number.")
    return int(text)


# --- options
def _word(text: str) -> str:
    if not text:
        raise ValueError("a value")
    return text


def _truth(text: str) -> bool:
    if text.lower() in ("true", "yes", "1"):
        return True
    if text.lower() in ("false", "no", "0"):
        return False
    raise ValueError("true or false")


def _requirement(text: str) -> str:
    if text not in ("none", "optional", "required"):
        raise ValueError("none, optional or required")
    return text


def _tls_version(text: str) -> ssl.TLSVersion:
    try:
        return ssl.TLSVersion(int(text))
    except ValueError:
        raise ValueError("a number as of ssl.TLSVersion, such as 771 for TLS 1.2") from None


def _verify_flags(text: str) -> list[ssl.VerifyFlags]:
    try:
        return [ssl.VerifyFlags[name.strip()] for name in text.strip("[]").split(",")]
    except KeyError:
        raise ValueError("names of ssl.VerifyFlags, joined by commas") from None


TLS_OPTIONS: Final[Mapping[str, Callable[[str], Any]]] = {
    "ssl_keyfile": _word,
    "ssl_certfile": _word,
    "ssl_password": _word,
    "ssl_cert_reqs": _requirement,
    "ssl_check_hostname": _truth,
    "ssl_ca_certs": _word,
    "ssl_ca_path": _word,
    "ssl_ca_data": _word,
    "ssl_min_version": _tls_version,
    "ssl_ciphers": _word,
    "ssl_include_verify_flags": _verify_flags,
    "ssl_exclude_verify_flags": _verify_flags,
}
"""Options of a ``rediss`` URL, and the parsers of their values."""

_SENTINEL_OPTIONS: Final[Mapping[str, Callable[[str], Any]]] = {
    "sentinel_username": _word,
    "sentinel_password": _word,
}


def _options(parts: SplitResult) -> dict[str, Any]:
    """Parse the query: the database, TLS options and the credentials for Sentinels."""
    tls: dict[str, Any] = {}
    found: dict[str, Any] = {"tls": tls} if parts.scheme.startswith("rediss") else {}
    seen: set[str] = set()
    for name, text in parse_qsl(parts.query, keep_blank_values=True):
        if name in seen:
            raise ValueError(f"gives the option {name} twice.")
        seen.add(name)
        if name == "db":
            found["db"] = _number(text)
        elif name in TLS_OPTIONS:
            if "tls" not in found:
                raise ValueError(f"has the option {name}, which needs TLS; write rediss://.")
            tls[name] = _value(name, text, TLS_OPTIONS)
        elif name in _SENTINEL_OPTIONS and parts.scheme.endswith("+sentinel"):
            found[name] = _value(name, text, _SENTINEL_OPTIONS)
        else:
            raise ValueError(f"has the unknown option {name}; leave it out.")
    return found


def _value(name: str, text: str, options: Mapping[str, Callable[[str], Any]]) -> Any:
    try:
        return options[name](text)
    except ValueError as error:
        raise ValueError(f"has a wrong value of {name}; write {error}.") from None
