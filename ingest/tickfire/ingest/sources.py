"""The adapters that the command line knows by name; any other is ``module:callable``."""

from __future__ import annotations

import logging

from tickfire.base.errors import UsageError
from tickfire.base.plugin import load_callable
from tickfire.ingest.adapter.options import AdapterFactory, AdapterOptions
from tickfire.ingest.adapter.protocol import FeedAdapter
from tickfire.ingest.lsg.lines import ALL_SYMBOLS, DEFAULT_PORT
from tickfire.ingest.lsg.schemas import repeats

logger = logging.getLogger(__name__)


def make_adapter(name: str, options: AdapterOptions) -> FeedAdapter:
    """Return the adapter of a name, made from options.

    Raises
    ------
    UsageError
        If there is no adapter of that name, or an option that it needs is missing.
    """
    if ":" in name:
        adapter: FeedAdapter = load_callable(name, "--adapter")(options)
        return adapter
    factory = _FACTORIES.get(name)
    if factory is None:
        known = ", ".join(_FACTORIES)
        raise UsageError(f"there is no adapter {name!r}; choose {known}, or name module:callable.")
    return factory(options)


def _databento(options: AdapterOptions) -> FeedAdapter:
    from tickfire.ingest.live.adapter import LiveAdapter
    from tickfire.ingest.lsg.client import LiveSubscription

    if not options.key:
        raise UsageError("there is no API key; give --key or set DATABENTO_API_KEY.")
    ask = LiveSubscription(
        options.dataset, asked_schemas(options), options.symbols or (ALL_SYMBOLS,), options.stype_in
    )
    if options.url:
        host, port = address(options.url)
    else:
        host, port = databento_host(options.dataset), DEFAULT_PORT
    return LiveAdapter(host, port, options.key, ask)


def asked_schemas(options: AdapterOptions) -> tuple[str, ...]:
    """Return the schemas to ask for: of Databento itself, none that has only another's trades."""
    if options.url:
        return options.schemas
    found = [repeat for repeat in repeats(options.schemas) if repeat.is_whole]
    for repeat in found:
        logger.info(
            "%s: %s is not asked for, since %s has the same trades",
            options.dataset, repeat.schema, repeat.other,
        )  # fmt: skip
    left_out = {repeat.schema for repeat in found}
    return tuple(schema for schema in options.schemas if schema not in left_out)


def _file(options: AdapterOptions) -> FeedAdapter:
    from tickfire.ingest.recording.adapter import FileAdapter

    if options.file is None:
        raise UsageError("there is no file; give --file PATH.")
    return FileAdapter(options.file)


def _binance(options: AdapterOptions) -> FeedAdapter:
    from tickfire.ingest.binance.adapter import REST_URL, STREAM_URL, BinanceAdapter

    if not options.symbols:
        raise UsageError("there are no symbols; give --symbols, such as BTCUSDT,ETHUSDT.")
    return BinanceAdapter(
        options.symbols,
        url=options.url or STREAM_URL,
        rest_url=options.rest_url or REST_URL,
    )


_FACTORIES: dict[str, AdapterFactory] = {
    "databento": _databento,
    "file": _file,
    "binance": _binance,
}


def address(text: str) -> tuple[str, int]:
    """Return host and port of an address.

    Raises
    ------
    UsageError
        If the text is none.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise UsageError(f"{text!r} is not the address of a gateway; write HOST:PORT.")
    return host, int(port)


def databento_host(dataset: str) -> str:
    """Return the host of Databento's live gateway for a dataset."""
    return f"{dataset.lower().replace('.', '-')}.lsg.databento.com"
