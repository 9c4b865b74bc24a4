"""Prometheus metrics of a process: figures read at each scrape, and the port that serves them."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    make_wsgi_app,
    start_http_server,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from tickfire.base.endpoint import Endpoint
from tickfire.base.ports import check_port

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

HELD_UP: Final = "the event loop does not run"

logger = logging.getLogger(__name__)

type Trouble = Callable[[], str | None]
"""Returns the reason why a process cannot do its work, None if it can."""
type _Answer = tuple[bool, dict[str, object]]
type Labels = tuple[str, ...]
"""The value of each label."""
type Read = Callable[[], Mapping[Labels, float]]
"""Returns a number for each combination of label values; without labels, for the empty one."""


def process_registry() -> CollectorRegistry:
    """Return a registry with the figures of this process, of Python and of its collector."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return registry


class Watched(Collector):
    """A gauge or counter whose numbers are read at each scrape.

    Parameters
    ----------
    name : str
        Without the ``_total`` of a counter.
    text : str
        Its help text.
    read : callable
    labels : tuple of str
        Names of the labels.
    counts : bool
        True if it is a counter.
    """

    def __init__(
        self, name: str, text: str, read: Read, labels: Labels = (), *, counts: bool = False
    ) -> None:
        self._about, self._labels = (name, text), labels
        self._read = read
        self._counts = counts

    def collect(self) -> list[CounterMetricFamily | GaugeMetricFamily]:
        """Return the family with the numbers of now."""
        (family,) = self.describe()
        for values, number in self._read().items():
            family.add_metric(values, number)
        return [family]

    def describe(self) -> list[CounterMetricFamily | GaugeMetricFamily]:
        """Return the family without numbers."""
        kind = CounterMetricFamily if self._counts else GaugeMetricFamily
        return [kind(*self._about, labels=self._labels)]


def _with_health(
    metrics: WSGIApplication, is_healthy: Callable[[], bool], trouble: Trouble | None
) -> WSGIApplication:
    def healthz() -> _Answer:
        healthy = is_healthy()
        status, why = ("ok", None) if healthy else ("failed", HELD_UP)
        return healthy, {"status": status, "why": why}

    def readyz() -> _Answer:
        why = trouble() if trouble is not None and is_healthy() else HELD_UP
        return why is None, {"ready": why is None, "why": why}

    answers = {"/healthz": healthz} if trouble is None else {"/healthz": healthz, "/readyz": readyz}

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if path in ("/", "/metrics"):
            return metrics(environ, start_response)
        find = answers.get(path)
        if find is None:
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [f"there are {', '.join(['/metrics', *answers])} here\n".encode()]
        good, body = find()
        headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
        start_response("200 OK" if good else "503 Service Unavailable", headers)
        return [json.dumps(body).encode()]

    return answer


@contextlib.contextmanager
def serving(
    registry: CollectorRegistry,
    endpoint: Endpoint | None,
    is_healthy: Callable[[], bool] = lambda: True,
    trouble: Trouble | None = None,
) -> Iterator[int | None]:
    """Serve metrics from a thread while the context lasts; without an endpoint, do nothing.

    ``/healthz`` answers 200 while the process is healthy, else 503, as the server's does.

    Parameters
    ----------
    registry : CollectorRegistry
    endpoint : Endpoint or None
    is_healthy : callable
        Returns False if the process needs a restart.
    trouble : callable, optional
        Returns the reason why the process cannot do its work, None if it can: ``/readyz`` answers
        503 with it, or 200. Without it there is no ``/readyz``.

    Yields
    ------
    int or None
        The port.

    Raises
    ------
    UserError
        The port is in use, or the address does not belong to this machine.
    """
    if endpoint is None:
        yield None
        return
    port = check_port(endpoint.host, endpoint.port, option="--metrics-port")
    server, thread = start_http_server(port, endpoint.host, registry)
    server.set_app(_with_health(make_wsgi_app(registry), is_healthy, trouble))
    logger.info("metrics are at http://%s:%d/metrics", endpoint.host, port)
    try:
        yield port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
