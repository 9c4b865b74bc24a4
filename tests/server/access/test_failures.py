"""Addresses that have to wait after refusals."""

from __future__ import annotations

from tickfire.server.access.failures import FREE, MAX_ADDRESSES, MAX_WAIT_S, MEMORY_S, Failures


def test_the_wait_grows_with_refusals_and_concerns_one_address() -> None:
    failures = Failures()
    for _ in range(FREE - 1):
        failures.add("a", 0.0)
        assert failures.wait_s("a", 0.0) == 0
    waits = []
    for _ in range(12):
        failures.add("a", 0.0)
        waits.append(failures.wait_s("a", 0.0))
    assert waits[:3] == [1, 2, 4]
    assert waits[-1] == MAX_WAIT_S
    assert failures.wait_s("a", MAX_WAIT_S) == 0
    assert failures.wait_s("b", 0.0) == 0
    assert failures.wait_s("a", MEMORY_S) == 0
    failures.forget("a")
    assert failures.wait_s("a", 0.0) == 0


def test_no_more_addresses_are_remembered_than_fit() -> None:
    failures = Failures()
    for number in range(MAX_ADDRESSES + 10):
        failures.add(str(number), 0.0)
    assert len(failures._failures) == MAX_ADDRESSES
