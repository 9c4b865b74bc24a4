"""Snapshots of a registry of metrics, as JSON that another process can add up."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final

from prometheus_client import CollectorRegistry

CUMULATIVE: Final = frozenset({"counter", "histogram", "summary"})
"""Types of metrics that only grow, of which the part of ended workers is kept."""


class Merge(StrEnum):
    """The number that stands for those of several workers."""

    SUM = "sum"
    MAX = "max"
    MIN = "min"


@dataclass(frozen=True, slots=True)
class Rule:
    """The way in which a metric of several workers is merged.

    Attributes
    ----------
    merge : Merge
        Of a gauge; what only grows is added up.
    by_worker : bool
        True if each worker has numbers of its own, with the label ``worker``.
    """

    merge: Merge = Merge.SUM
    by_worker: bool = False


PROCESS_RULES: Final = {
    **{
        f"process_{name}": Rule(by_worker=True)
        for name in ("cpu_seconds", "resident_memory_bytes", "virtual_memory_bytes", "open_fds")
    },
    "process_start_time_seconds": Rule(Merge.MAX, by_worker=True),
    "process_max_fds": Rule(Merge.MAX, by_worker=True),
    "python_info": Rule(Merge.MAX),
}
"""Rules of the metrics of `tickfire.base.exposition.process_registry`."""


@dataclass(frozen=True, slots=True)
class Family:
    """One metric of one worker.

    Attributes
    ----------
    name, help, type : str
        As in Prometheus's text format.
    merge, by_worker
        As in `Rule`.
    samples : list of (str, dict of str to str, float)
        Name, labels and value of each sample.
    """

    name: str
    help: str
    type: str
    merge: str = Merge.SUM
    by_worker: bool = False
    samples: list[tuple[str, dict[str, str], float]] = field(default_factory=list)


def snapshot(registry: CollectorRegistry, rules: Mapping[str, Rule]) -> list[Family]:
    """Return the metrics of a registry.

    Parameters
    ----------
    registry : CollectorRegistry
    rules : mapping of str to Rule
        Rules by the name of the metric; others are added up.
    """
    families = []
    for metric in registry.collect():
        rule = rules.get(metric.name, Rule())
        samples = [
            (one.name, dict(one.labels), float(one.value))
            for one in metric.samples
            if metric.type not in CUMULATIVE or not one.name.endswith("_created")
        ]
        families.append(
            Family(
                metric.name, metric.documentation, metric.type, rule.merge, rule.by_worker, samples
            )
        )
    return families


def pack(families: Iterable[Family]) -> str:
    """Return families as one line of JSON."""
    return json.dumps([asdict(one) for one in families], separators=(",", ":"))


def unpack(packed: str) -> list[Family]:
    """Return the families of `pack`, of this version or another.

    Raises
    ------
    ValueError
        It is no JSON of families.
    """
    try:
        return [_family(each) for each in json.loads(packed)]
    except (TypeError, KeyError) as error:
        raise ValueError(f"no snapshot of metrics: {error}") from error


def _family(each: Mapping[str, Any]) -> Family:
    samples = [(name, labels, value) for name, labels, value in each["samples"]]
    return Family(
        each["name"], each["help"], each["type"], each["merge"], each["by_worker"], samples
    )
