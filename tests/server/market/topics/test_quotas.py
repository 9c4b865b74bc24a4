"""Quotas on what costs all clients: by client, equal ones once, and given back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.eventually import eventually
from tests.support.publisher import DAY, SECOND, Publisher, trades
from tests.support.server import Server
from tickfire.phoenix import JoinError
from tickfire.server.market.topics.quotas import Quota

EACH, TOTAL = 3, 5


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc"), st.integers(0, 6)), max_size=80))
def test_a_quota_counts_what_each_and_all_hold(actions: list[tuple[bool, str, int]]) -> None:
    quota, holds = Quota("things", EACH, TOTAL), list[tuple[str, int]]()
    for takes, client, key in actions:
        own = {held for holder, held in holds if holder == client}
        everybody = {held for _, held in holds}
        if not takes:
            if (client, key) in holds:
                quota.give_back(client, key)
                holds.remove((client, key))
        elif (key not in own and len(own) == EACH) or (
            key not in everybody and len(everybody) == TOTAL
        ):
            with pytest.raises(JoinError):
                quota.take(client, key)
        else:
            quota.take(client, key)
            holds.append((client, key))
        assert len(quota) == len({held for _, held in holds})


def refusal(quota: Quota, client: str, key: int) -> Any:
    with pytest.raises(JoinError) as refused:
        quota.take(client, key)
    return refused.value.payload


def test_a_refusal_says_what_and_when_to_come_back() -> None:
    quota = Quota("things", EACH, TOTAL)
    for key in range(EACH):
        quota.take("a", key)
    assert refusal(quota, "a", 9) == {
        "reason": "this client has 3 things, which is the most; leave one",
        "retry_after": 1,
    }
    for key in (3, 4):
        quota.take("b", key)
    assert refusal(quota, "b", 9) == {
        "reason": "the server has 5 things, which is the most",
        "retry_after": 30,
    }
    quota.take("b", 0)  # another one has it already


@pytest.fixture
def small(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Return a server to which all connections are one client, whose quotas are 2."""
    monkeypatch.setattr("tickfire.server.app._name_of", lambda *given: "office")
    for name in ("_indicators_quota", "_views_quota"):
        monkeypatch.setattr(getattr(server.market, name), "_each", 2)
    return server


@pytest.mark.parametrize(
    "joins",
    [
        [("market:realtime", {"symbols": [name]}) for name in ("AAA", "BBB", "1/AAA")],
        [("market:AAA", {"mode": "merge", "max_hz": hz}) for hz in (1, 2, 3)],
        [(f"indicators:AAA:1s:ema({n})", {}) for n in (5, 6, 7)],
    ],
    ids=["symbols", "max_hz", "indicators"],
)
async def test_views_and_indicators_of_a_client_are_bounded_and_given_back(
    small: Server, publisher: Publisher, joins: list[tuple[str, Any]]
) -> None:
    publisher.publish(trades(50, step=SECOND))
    await small.reaches(publisher)
    clients = [await small.client() for _ in range(4)]
    for client, join in zip(clients, joins[:2], strict=False):
        assert (await client.join(*join)).status == "ok"
    refused = await clients[2].join(*joins[2])
    assert (refused.status, refused.response["retry_after"]) == ("error", 1)
    assert "2" in refused.response["reason"]
    assert (await clients[3].join(*joins[0])).status == "ok"  # it is shared
    await clients[1].close()

    def held() -> int:
        return len(small.market._indicators_quota) + len(small.market._views_quota)

    await eventually(lambda: held() == 1, "what the client held is given back")
    assert (await clients[2].join(*joins[2])).status == "ok"


async def test_a_plain_view_needs_no_quota(small: Server, publisher: Publisher) -> None:
    for _ in range(4):
        client = await small.client()
        assert (await client.join("market:realtime")).status == "ok"
        assert (await client.join("market:AAA", {"encoding": "binary"})).status == "ok"
    assert not len(small.market._views_quota)


async def test_names_of_one_indicator_share_it(server: Server, publisher: Publisher) -> None:
    publisher.publish(trades(60, step=SECOND))
    await server.reaches(publisher)
    client = await server.client()
    short = await client.join("indicators:AAA:1s:ema")
    full = await client.join(f"indicators:AAA:1s:{short.response['indicator']}")
    assert full.response == short.response
    assert len(server.market.indicators) == 1
    publisher.publish(trades(3, start=DAY + 60 * SECOND, step=SECOND))
    assert await full.count("value", 3) == await short.count("value", 3)
    await client.leave("indicators:AAA:1s:ema")
    assert len(server.market.indicators) == 1
    await client.close()
    await eventually(lambda: not len(server.market.indicators), "it is freed")
