"""`Serving`: the arguments of ``tickfire serve`` as a worker's server needs them."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tickfire.base.listed import listed
from tickfire.server.access.rules import Access
from tickfire.server.app import Settings
from tickfire.server.limits.admission import Limits
from tickfire.server.limits.descriptors import connections_within, raise_descriptor_limit
from tickfire.server.limits.options import limits_of
from tickfire.server.scrapes.worker import SharedMetrics
from tickfire.server.serve import access_of, serve
from tickfire.server.settings.check import defaults_of
from tickfire.server.settings.file import find
from tickfire.server.worker.server import MarketServer

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Serving:
    """Settings of a worker, from the arguments of ``tickfire serve``.

    Attributes
    ----------
    settings : Settings
    limits : Limits
    drain_s : float
        Time over which a worker that stops closes its connections, in seconds.
    """

    settings: Settings
    limits: Limits
    drain_s: float

    @classmethod
    def parse(cls, arguments: Sequence[str], secret: str) -> Serving:
        """Parse the arguments of the command.

        Raises
        ------
        click.ClickException, UserError
            They are not valid.
        """
        defaults = defaults_of(serve, "serve", find(None, os.environ))
        given = serve.make_context("serve", list(arguments), default_map=defaults).params
        limits = _within_descriptors(limits_of(given))
        return cls(_settings(given, access_of(given), secret), limits, given["drain_s"])

    def server(
        self,
        ready_s: float | None,
        shared: SharedMetrics,
        on_open: Callable[[], None],
        on_beat: Callable[[], None],
        on_close: Callable[[int], None],
    ) -> MarketServer:
        """Return a server; see `MarketServer`."""
        return MarketServer(
            self.settings,
            self.limits,
            on_open,
            on_beat,
            on_close,
            drain_s=self.drain_s,
            ready_s=ready_s,
            shared=shared,
        )


def _settings(given: Mapping[str, Any], access: Access, secret: str) -> Settings:
    hosts = listed(*given["hosts"])
    settings = Settings(
        given["redis_url"],
        access,
        given["origins"],
        hosts=(*hosts, given["host"]) if access.dev else hosts,
        root_path=given["root_path"],
        sessions=given["sessions"],
        stale_s=given["stale_s"],
        max_lag_s=given["max_lag_s"],
        archive=given["archive"],
    )
    return replace(settings, secret=secret) if secret else settings


def _within_descriptors(limits: Limits) -> Limits:
    """Return the limits with as many connections as there may be open files."""
    descriptors = raise_descriptor_limit()
    most = connections_within(descriptors)
    if most >= limits.max_connections:
        return limits
    logger.info(
        "each worker takes %d connections, as the system allows %d open files", most, descriptors
    )
    return replace(limits, max_connections=most)
