"""Selection of the records that a session gets, by its subscriptions and the known mappings.

A schema selects the records of its type. If the file holds a single schema, every subscription
selects that one, since the file is replayed as it is. Symbols select instruments through the
mappings in force, so an instrument id that is mapped to another symbol later is selected by that
symbol from then on. Error and system records of the file are always sent, mapping records for
selected instruments.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tickfire.ingest.dbn.control import SymbolMappingMsg
from tickfire.ingest.dbn.enums import SCHEMA_RTYPES
from tickfire.ingest.dbn.layout import RTYPE_ERROR, RTYPE_SYMBOL_MAPPING, RTYPE_SYSTEM
from tickfire.ingest.gateway.segment import Segment
from tickfire.ingest.lsg.requests import GatewaySubscription


@dataclass(slots=True)
class _Rule:
    """The merged subscriptions of one schema, symbol type and start."""

    rtype: int | None
    start: int
    stype_in: str
    symbols: set[str] | None
    ids: set[int] = field(default_factory=set)

    def wants(self, mapping: SymbolMappingMsg) -> bool:
        return self.symbols is None or any(
            symbol_matches(self.stype_in, symbol, mapping) for symbol in self._candidates(mapping)
        )

    def _candidates(self, mapping: SymbolMappingMsg) -> Iterable[str]:
        """Return the few symbols, out of thousands, that could match."""
        assert self.symbols is not None
        if self.stype_in == "parent":
            return self.symbols
        names = {
            str(mapping.instrument_id),
            mapping.stype_in_symbol,
            mapping.stype_out_symbol,
        }
        return self.symbols & names


def symbol_matches(stype_in: str, symbol: str, mapping: SymbolMappingMsg) -> bool:
    """Return whether a requested symbol selects a mapped instrument.

    A parent symbol such as ``ES.FUT`` selects every instrument whose symbol begins with its root.
    """
    if stype_in == "instrument_id":
        return symbol == str(mapping.instrument_id)
    if stype_in == "parent":
        root = symbol.partition(".")[0]
        return symbol == mapping.stype_in_symbol or (
            bool(root) and mapping.stype_out_symbol.startswith(root)
        )
    return symbol in (mapping.stype_in_symbol, mapping.stype_out_symbol)


class Selection:
    """The records that one session gets.

    Parameters
    ----------
    by_schema : bool
        True if a subscription selects its schema; otherwise it selects all.
    by_symbol : bool
        True if a subscription selects its symbols; otherwise it selects all.
    """

    def __init__(self, *, by_schema: bool = True, by_symbol: bool = True) -> None:
        self._by_schema = by_schema
        self._by_symbol = by_symbol
        self._rules: list[_Rule] = []
        self._mappings: dict[int, SymbolMappingMsg] = {}

    def add(self, subscription: GatewaySubscription) -> list[SymbolMappingMsg]:
        """Add a subscription; return the mappings of the instruments that it newly selects."""
        before = {key for key in self._mappings if self.takes(key)}
        rule = self._rule_for(subscription)
        if rule.symbols is not None and self._by_symbol:
            rule.symbols.update(subscription.symbols or ())
            rule.ids.update(key for key, known in self._mappings.items() if rule.wants(known))
        return [
            known for key, known in self._mappings.items() if key not in before and self.takes(key)
        ]

    def learn(self, mapping: SymbolMappingMsg) -> bool:
        """Add a mapping that comes into force; return whether its instrument is selected."""
        key = mapping.instrument_id
        self._mappings[key] = mapping
        for rule in self._rules:
            if rule.symbols is not None and (key in rule.ids) != rule.wants(mapping):
                rule.ids ^= {key}
        return self.takes(key)

    def takes(self, instrument_id: int) -> bool:
        """Return whether any subscription selects an instrument."""
        return any(rule.symbols is None or instrument_id in rule.ids for rule in self._rules)

    def takes_all(self) -> bool:
        """Return whether every record is selected."""
        return any(
            rule.rtype is None and rule.symbols is None and not rule.start for rule in self._rules
        )

    def mask(self, segment: Segment) -> NDArray[np.bool_]:
        """Return which records of a segment the session gets, bool[n]."""
        rtypes = segment.rtypes
        keep: NDArray[np.bool_] = (rtypes == RTYPE_SYSTEM) | (rtypes == RTYPE_ERROR)
        is_mapping = rtypes == RTYPE_SYMBOL_MAPPING
        ids = segment.instrument_ids
        times = segment.ts_events
        for rule in self._rules:
            wanted = is_mapping | (
                (times >= rule.start) & (True if rule.rtype is None else rtypes == rule.rtype)
            )
            if rule.symbols is not None:
                wanted &= np.isin(ids, np.fromiter(rule.ids, np.uint32, len(rule.ids)))
            keep |= wanted
        return keep

    def _rule_for(self, subscription: GatewaySubscription) -> _Rule:
        rtype = SCHEMA_RTYPES[subscription.schema] if self._by_schema else None
        symbols: set[str] | None = set()
        if subscription.symbols is None or not self._by_symbol:
            symbols = None
        wanted = _Rule(rtype, subscription.start or 0, subscription.stype_in, symbols)
        for rule in self._rules:
            if (rule.rtype, rule.start) == (wanted.rtype, wanted.start) and (
                (rule.symbols is None) == (symbols is None) and rule.stype_in == wanted.stype_in
            ):
                return rule
        self._rules.append(wanted)
        return wanted
