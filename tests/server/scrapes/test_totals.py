"""Metrics of several workers as one: sums that do not fall, and rules of gauges."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.parser import text_string_to_metric_families

from tickfire.server.scrapes.snapshot import Family, Merge, Rule, pack, snapshot, unpack
from tickfire.server.scrapes.totals import Snapshots, Totals, render

RULES = {
    "lag": Rule(Merge.MAX),
    "ready": Rule(Merge.MIN),
    "stalls": Rule(by_worker=True),
    "open": Rule(by_worker=True),
}


def worker(ticks: float, lag: float = 0, ready: float = 1, seconds: float = 0.5) -> list[Family]:
    """Return what a worker sends, over the wire."""
    registry = CollectorRegistry()
    Counter("ticks", "Ticks.", ["kind"], registry=registry).labels("trade").inc(ticks)
    Counter("stalls", "Stalls.", registry=registry).inc(ticks)
    Gauge("lag", "Lag.", registry=registry).set(lag)
    Gauge("ready", "Ready.", registry=registry).set(ready)
    Gauge("open", "Open.", registry=registry).set(3)
    Histogram("took", "Took.", buckets=(0.1, 1.0), registry=registry).observe(seconds)
    return unpack(pack(snapshot(registry, RULES)))


def samples(totals: Totals, *snapshots: tuple[str, list[Family]]) -> dict[str, float]:
    given_snapshots: Snapshots = snapshots
    text = render(totals.metrics(given_snapshots)).decode()
    return {
        f"{one.name}{sorted(one.labels.values())}": one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_workers_are_added_up_and_gauges_follow_their_rules() -> None:
    found = samples(Totals(), ("1", worker(3, 0.5, 1)), ("2", worker(4, 0.2, 0, 5)))
    assert found["ticks_total['trade']"] == 7
    assert (found["stalls_total['1']"], found["stalls_total['2']"]) == (3, 4)
    assert (found["lag[]"], found["ready[]"]) == (0.5, 0)
    assert (found["open['1']"], found["open['2']"]) == (3, 3)
    assert (found["took_bucket['1.0']"], found["took_bucket['+Inf']"]) == (1, 2)
    assert (found["took_count[]"], found["took_sum[]"]) == (2, 5.5)
    assert not any("created" in name for name in found)


def test_a_worker_that_ended_leaves_what_it_counted_and_no_gauge() -> None:
    totals = Totals()
    totals.retire("1", worker(3, 9))
    found = samples(totals, ("1", worker(1, 0.1)))
    assert found["ticks_total['trade']"] == found["stalls_total['1']"] == 4
    assert (found["lag[]"], found["took_count[]"], found["open['1']"]) == (0.1, 2, 3)
    assert samples(totals) == {
        name: number for name, number in samples(totals).items() if not name.startswith("lag")
    }


def test_two_generations_of_a_place_are_one_worker() -> None:
    found = samples(Totals(), ("1", worker(3)), ("1", worker(4)))
    assert (found["stalls_total['1']"], found["open['1']"]) == (7, 6)


@given(st.lists(st.tuples(st.integers(1, 3), st.booleans(), st.integers(0, 9)), max_size=20))
def test_counters_never_fall(steps: list[tuple[int, bool, int]]) -> None:
    totals, live, last = Totals(), dict[str, float](), 0.0
    for number, ends, more in steps:
        name = str(number)
        live[name] = live.get(name, 0) + more
        if ends:
            totals.retire(name, worker(live.pop(name)))
        found = samples(totals, *((one, worker(count)) for one, count in live.items()))
        now = found.get("ticks_total['trade']", 0.0)
        assert now == last + more
        last = now


def test_a_snapshot_of_another_version_is_refused_or_read() -> None:
    for packed in ("", "{}x", '[{"name": "x"}]', "3"):
        try:
            unpack(packed)
        except ValueError:
            continue
        raise AssertionError(packed)
