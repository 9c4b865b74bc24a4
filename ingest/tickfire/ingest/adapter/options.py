"""`AdapterOptions`: the options of the command line from which an adapter is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tickfire.ingest.adapter.protocol import FeedAdapter


@dataclass(frozen=True, slots=True)
class AdapterOptions:
    """Options for an adapter, which uses those that concern it.

    Attributes
    ----------
    symbols : tuple of str
        Empty for all.
    schemas : tuple of str
    dataset, stype_in, key : str
        As Databento calls them; the key may be empty.
    url, rest_url : str
        Addresses of the source; empty for the usual ones.
    file : Path, optional
    """

    symbols: tuple[str, ...] = ()
    schemas: tuple[str, ...] = ()
    dataset: str = ""
    stype_in: str = "raw_symbol"
    key: str = field(default="", repr=False)
    url: str = field(default="", repr=False)
    rest_url: str = field(default="", repr=False)
    file: Path | None = None


type AdapterFactory = Callable[[AdapterOptions], FeedAdapter]
"""Makes an adapter; it raises a `UserError` if the options will not do."""
