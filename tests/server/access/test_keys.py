"""Keys, and the ends of grants, on a server with connected clients."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from click.testing import CliRunner, Result
from websockets.exceptions import InvalidStatus

from tests.support.eventually import eventually
from tests.support.http import http_client
from tests.support.phoenix_client import PhoenixClient
from tests.support.publisher import Publisher, trades
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.phoenix import Token
from tickfire.server.access import leases
from tickfire.server.access.grant import Grant
from tickfire.server.access.keys_command import keys
from tickfire.server.access.leases import Leases
from tickfire.server.access.rules import DEFAULT_SALT, Access
from tickfire.store.store import Store

SECRET = "a secret of more than twenty characters"
GOING_AWAY = 1001
AGE_S = 3
"""Age of a token that expires: it must do to connect, and is waited for."""


@pytest.fixture
async def market(publisher: Publisher, valkey: Valkey, serve: Serve) -> Server:
    publisher.publish(trades(10))
    return await serve(valkey.url, access=Access(secret=SECRET))


class Command:
    """``tickfire keys``, for one Redis."""

    def __init__(self, url: str) -> None:
        self.env = {"REDIS_URL": url}

    async def __call__(self, *args: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, keys, args, env=self.env)

    async def create(self, *args: str) -> dict[str, Any]:
        made: dict[str, Any] = json.loads((await self("create", "--json", *args)).stdout)
        return made

    async def list(self) -> Any:
        return json.loads((await self("list", "--json")).stdout)

    async def audit(self) -> Any:
        lines = (await self("audit", "--json")).stdout.splitlines()
        return [json.loads(line) for line in lines]


@pytest.fixture
def command(valkey: Valkey) -> Command:
    return Command(valkey.url)


def token(data: Any, **options: Any) -> str:
    return Token(SECRET, DEFAULT_SALT).sign(data, **options)


async def connect(server: Server, given: str, **options: Any) -> PhoenixClient:
    return await PhoenixClient.open(server.port, vsn=f"2.0.0&token={given}", **options)


async def is_let_in(server: Server, given: str) -> bool:
    try:
        await (await connect(server, given)).close()
    except InvalidStatus as refused:
        assert refused.response.status_code == 429
        return False
    return True


async def is_refused(server: Server, given: str, **options: Any) -> bool:
    try:
        client = await connect(server, given, **options)
    except InvalidStatus as refused:
        assert refused.response.status_code == 403
        return True
    await client.close()
    return False


async def until_closed(client: PhoenixClient) -> None:
    await eventually(lambda: client.close_code is not None, "the connection is closed")
    assert client.close_code == GOING_AWAY


async def test_a_key_grants_its_topics_until_it_is_revoked(
    market: Server, command: Command
) -> None:
    made = await command.create("desk", "--topics", "market:AAA, candles:AAA:*")
    other = await command.create("other")
    client, stays = await connect(market, made["key"]), await connect(market, other["key"])
    for topic, status in (
        ("market:AAA", "ok"),
        ("candles:AAA:1m", "ok"),
        ("market:BBB", "error"),
        ("market:realtime", "error"),
        ("market:*", "error"),
    ):
        joined = await client.join(topic)
        assert joined.status == status, topic
        if status == "error":
            assert joined.response == {"reason": "unauthorized"}
    assert (await command("revoke", made["id"])).exit_code == 0
    await until_closed(client)
    assert await is_refused(market, made["key"])
    assert (await stays.join("market:BBB")).status == "ok"
    await stays.close()


async def test_an_empty_limit_is_no_key_without_limits(command: Command) -> None:
    for option in ("--topics", "--topic", "--origins", "--rates"):
        for empty in ("", " , "):
            refused = await command("create", "desk", option, "market:AAA", option, empty)
            assert refused.exit_code != 0
            assert "is empty; leave it out" in str(refused.exception)
    expired = await command("create", "desk", "--expires", "0h")
    assert expired.exit_code == 2 and "0h is not in the future" in expired.stderr
    assert await command.list() == []


async def test_secrets_are_shown_once_and_stored_hashed(
    market: Server, command: Command, valkey: Valkey
) -> None:
    made = await command.create(
        "desk", "--rate", "joins=5", "--connections", "2", "--expires", "30d",
        "--origin", "https://a.example",
    )  # fmt: skip
    secret = made["key"][16:]
    stored = str(valkey.client.hgetall("{access}:keys"))
    shown = (await command("list")).stdout + (await command("audit")).stdout
    assert secret not in stored + shown
    assert made["id"] in shown
    (listed,) = await command.list()
    assert listed == {name: value for name, value in made.items() if name != "key"}
    assert listed["rates"] == {"joins": 5.0}
    assert (listed["topics"], listed["connections"]) == (None, 2)


async def test_keys_that_are_no_keys_are_refused(market: Server, command: Command) -> None:
    made = await command.create("desk")
    text = made["key"]
    wrong = text[:-1] + ("A" if text[-1] != "A" else "B")
    for given in (wrong, text[:-1], f"{text}x", f"tf_{'0' * 12}_{text[16:]}", "tf_", "tf__"):
        assert await is_refused(market, given), given
    assert not await is_refused(market, text)


async def test_a_key_is_bound_to_its_origins(market: Server, command: Command) -> None:
    host = f"http://127.0.0.1:{market.port}"
    made = await command.create("page", "--origins", host)
    assert await is_refused(market, made["key"])
    assert not await is_refused(market, made["key"], origin=host)
    other = await command.create("other", "--origins", "//*.example")
    assert await is_refused(market, other["key"], origin=host)


async def test_a_key_has_no_more_connections_than_it_may(market: Server, command: Command) -> None:
    made = await command.create("desk", "--connections", "1")
    client = await connect(market, made["key"])
    with pytest.raises(InvalidStatus) as refused:
        await connect(market, made["key"])
    assert refused.value.response.status_code == 429
    assert refused.value.response.headers["retry-after"] == "5"
    await client.close()
    await eventually(lambda: is_let_in(market, made["key"]), "the connection is given back")


async def test_the_connections_of_a_key_are_counted_over_all_servers(
    market: Server, command: Command, valkey: Valkey, serve: Serve
) -> None:
    other = await serve(valkey.url, access=Access(secret=SECRET))
    made = await command.create("desk", "--connections", "2")
    clients = [await connect(one, made["key"]) for one in (market, other)]
    for server in (market, other):
        assert not await is_let_in(server, made["key"])
    await clients[0].close()
    await eventually(lambda: is_let_in(other, made["key"]), "the connection is given back")
    await clients[1].close()


async def test_the_connections_of_a_worker_that_was_killed_are_given_back(
    valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = Grant(key="a", connections=1)
    store = await Store.open(valkey.url)
    killed, living = Leases(), Leases()
    running = [asyncio.create_task(one.run(store)) for one in (killed, living)]
    try:
        await asyncio.sleep(0)
        assert await killed.claim(grant)
        assert await living.claim(grant) is None
        running[0].cancel()
        later_ms = int((time.time() + leases.LEASE_S) * 1000)
        monkeypatch.setattr(leases, "_now_ms", lambda: later_ms)
        assert await living.claim(grant) is not None
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await store.close()


async def test_pictures_need_the_grant_of_their_candles(market: Server, command: Command) -> None:
    made = await command.create("desk", "--topics", "candles:AAA:*")
    async with http_client(base_url=f"http://127.0.0.1:{market.port}") as client:
        headers = {"authorization": f"Bearer {made['key']}"}
        answer = await client.get("/chart.png?symbol=BBB&interval=1m", headers=headers)
        assert answer.status_code in (403, 503)
        assert "granted" in answer.text or answer.status_code == 503


async def test_a_connection_ends_with_its_token(market: Server) -> None:
    stays = await connect(market, token("eve"))
    now = time.time()
    client = await connect(market, token("ada", max_age_s=AGE_S, signed_at=now))
    await client.join("market:AAA")
    await until_closed(client)
    assert time.time() - now >= AGE_S
    assert (await stays.join("market:AAA")).status == "ok"
    await stays.close()


async def test_a_user_who_is_signed_out_needs_a_new_token(market: Server, command: Command) -> None:
    old, other = token("ada"), token("eve")
    client, stays = await connect(market, old), await connect(market, other)
    assert (await command("disconnect", "ada")).exit_code == 0
    await until_closed(client)
    assert await is_refused(market, old)
    assert not await is_refused(market, token("ada"))
    assert (await stays.join("market:AAA")).status == "ok"
    await stays.close()


async def test_a_token_carries_claims_and_unknown_ones_are_refused(market: Server) -> None:
    client = await connect(market, token({"sub": "ada", "topics": ["market:AAA"]}))
    assert (await client.join("market:AAA")).status == "ok"
    assert (await client.join("market:BBB")).response == {"reason": "unauthorized"}
    await client.close()
    assert await is_refused(market, token({"sub": "ada", "topic": ["market:AAA"]}))
    assert await is_refused(market, token({"sub": "ada", "exp": 1}))


async def test_a_new_token_renews_the_grant_and_keeps_the_channels(market: Server) -> None:
    claims = {"sub": "ada", "topics": ["market:AAA", "market:BBB"]}
    client = await connect(market, token(claims, max_age_s=60))
    first, second = await client.join("market:AAA"), await client.join("market:BBB")
    refused = await first.push("access_token", {"access_token": "no token"})
    assert refused == {"status": "error", "response": {"reason": "unauthorized"}}
    refused = await first.push("access_token", {})
    assert refused["status"] == "error"
    renewed = await first.push(
        "access_token", {"access_token": token({**claims, "topics": ["market:AAA"]})}
    )
    assert renewed["status"] == "ok"
    await eventually(lambda: bool(second.of("phx_error")), "the channel ends")
    assert second.of("phx_error") == [{"reason": "unauthorized"}]
    assert first.of("phx_error") == []
    assert (await client.join("market:BBB")).status == "error"
    await client.close()


async def test_a_new_token_brings_its_quotas(market: Server) -> None:
    client = await connect(market, token({"sub": "ada"}))
    first = await client.join("market:AAA")
    renewal = {"access_token": token({"sub": "ada", "rates": {"topics": 1}})}
    assert (await first.push("access_token", renewal))["status"] == "ok"
    assert (await client.join("market:BBB")).status == "ok"
    refused = await client.join("news:headlines")
    assert refused.status == "error"
    assert refused.response["retry_after"] >= 1
    await client.close()


async def test_the_command_names_mistakes(command: Command) -> None:
    for args, problem in (
        (("create", "a", "--rate", "joins"), "no rate"),
        (("create", "a", "--rate", "join=1"), "rates: join is unknown"),
        (("create", "a", "--origin", "a.example"), "no origin"),
        (("create", ""), "NAME"),
        (("revoke",), "--all"),
        (("revoke", "--all", "x"), "--all"),
        (("revoke", "x"), "there is no key x"),
    ):
        result = await command(*args)
        assert result.exception is not None
        assert problem in str(result.exception), args
    for args in (("create", "a", "--expires", "soon"), ("create", "a", "--expires", "2001-01-01")):
        assert (await command(*args)).exit_code == 2


async def test_changes_are_in_the_audit_log(command: Command) -> None:
    made = await command.create("desk")
    await command("disconnect", "ada")
    await command("revoke", "--all")
    found = await command.audit()
    assert [entry["event"] for entry in found] == ["created", "signed_out", "revoked"]
    assert [entry["key"] for entry in found] == [made["id"], None, made["id"]]
    assert found[1]["subject"] == "ada"
    assert all("@" in entry["by"] for entry in found)
    assert await command.list() == []
