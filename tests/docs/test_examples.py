"""Every example, run as a user does, with the stock phoenix.js as its client."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.docs.running import EXAMPLES, run_script, running
from tests.support.docs.stock import stock_client
from tests.support.http import http_client
from tests.support.valkey import Valkey
from tickfire.base.ports import free_port

# Processes start slowly on a busy machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

LOBBY = "room:lobby"
PATIENCE_S = 60


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    server = Valkey()
    yield f"redis://127.0.0.1:{server.port}/0"
    server.close()


async def _post(port: int, path: str, body: Any = None) -> httpx.Response:
    async with http_client(base_url=f"http://127.0.0.1:{port}") as http:
        return await http.post(path, json=body)


@pytest.mark.parametrize("polled", [False, True])
async def test_chat(polled: bool) -> None:
    async with running("chat.py") as port, stock_client(port) as ann, stock_client(port) as bob:
        assert await ann.connect(polled=polled) == "open"
        assert await bob.connect() == "open"
        assert await ann.join(LOBBY) == ["error", {"reason": "a name is needed"}]
        assert await ann.join("room:1", {"name": "Ann"}) == ["ok", {"room": "1"}]
        assert await bob.join("room:1", {"name": "Bob"}) == ["ok", {"room": "1"}]
        assert await bob.push("room:1", "message", {"text": "hi"}) == ["ok", {}]
        for client in (ann, bob):
            heard = await client.event("room:1", "message")
            assert heard == {"from": "Bob", "text": "hi"}
        refused = await bob.push("room:1", "nonsense")
        assert refused == ["error", {"reason": "cannot handle nonsense"}]
        unfit = await bob.push("room:1", "message", {"text": 1})
        assert unfit[0] == "error"
        assert (unfit[1]["reason"], unfit[1]["where"]) == ("invalid payload", "$.text")


SERVERS = {
    "uvicorn": ["-m", "uvicorn", "chat:app", "--port", "{port}"],
    "hypercorn": ["-m", "hypercorn", "chat:app", "--bind", "127.0.0.1:{port}"],
    "granian": ["-m", "granian", "--interface", "asgi", "--port", "{port}", "chat:app"],
}


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("polled", [False, True])
async def test_chat_on_any_server(server: str, polled: bool) -> None:
    port = free_port()
    command = [word.format(port=port) for word in SERVERS[server]]
    async with running(command, port), stock_client(port) as ann, stock_client(port) as bob:
        assert await ann.connect(polled=polled) == await bob.connect() == "open"
        for client in (ann, bob):
            assert await client.join("room:1", {"name": "me"}) == ["ok", {"room": "1"}]
        assert await ann.push("room:1", "message", {"text": "hi"}) == ["ok", {}]
        for client in (ann, bob):
            assert (await client.event("room:1", "message"))["text"] == "hi"


async def test_presence() -> None:
    async with running("presence.py") as port, stock_client(port) as ann:
        assert await ann.connect(params={"user_id": "1"}) == "open"
        assert await ann.join(LOBBY) == ["ok", {}]
        (entry,) = await ann.people(LOBBY, "1")
        assert entry["name"] == "Ann"
        async with stock_client(port) as bob:
            assert await bob.connect(params={"user_id": "2"}) == "open"
            await bob.join(LOBBY)
            assert [each["name"] for each in await ann.people(LOBBY, "1", "2")] == ["Ann", "Bob"]
            assert await bob.push(LOBBY, "typing", {"typing": True}) == ["ok", {}]
            people = await ann.event(
                LOBBY, "people", lambda people: any(each["metas"][0]["typing"] for each in people)
            )
            assert len(people) == 2
        await ann.people(LOBBY, "1")


async def test_presence_refuses_a_connection_without_a_user() -> None:
    async with running("presence.py") as port, stock_client(port) as nobody:
        assert await nobody.connect() == "refused"


async def test_tokens() -> None:
    async with running("tokens.py") as port, stock_client(port) as ann:
        wrong = await _post(port, "/login", {"user": "ann", "password": "guessed"})
        assert wrong.status_code == 403
        login = await _post(port, "/login", {"user": "ann", "password": "secret"})
        token = login.json()["token"]
        assert await ann.connect(authToken=token) == "open"
        assert await ann.join("inbox") == ["ok", {"user": "ann"}]
        assert (await _post(port, "/logout/ann")).status_code == 200
        assert await ann.event("socket", "closed") == 1001
        async with stock_client(port) as older, stock_client(port) as stranger:
            assert await older.connect(params={"token": token}) == "open"
            assert await stranger.connect(authToken=token[:-1] + "?") == "refused"


@pytest.mark.parametrize("polled", [False, True])
async def test_sessions(polled: bool) -> None:
    async with (
        running("sessions.py") as port,
        http_client(base_url=f"http://127.0.0.1:{port}") as browser,
        stock_client(port) as ann,
        stock_client(port) as other_site,
    ):
        wrong = await browser.post("/login", json={"user": "ann", "password": "guessed"})
        assert wrong.status_code == 403
        await browser.post("/login", json={"user": "ann", "password": "secret"})
        page = (await browser.get("/")).text
        found = re.search('name="csrf-token" content="(.*)"', page)
        assert found is not None
        cookie = f"session={browser.cookies['session']}"
        params = {"_csrf_token": found[1]}
        assert await ann.connect(polled=polled, cookie=cookie, params=params) == "open"
        assert await ann.join("inbox") == ["ok", {"user": "ann"}]
        assert await other_site.connect(polled=polled, cookie=cookie) == "refused"


async def test_fastapi() -> None:
    async with running("fastapi_app.py") as port, stock_client(port) as screen:
        assert await screen.connect() == "open"
        assert await screen.join("kitchen:1") == ["ok", {}]
        order = {"item": "soup", "count": 2}
        assert (await _post(port, "/kitchens/1/orders", order)).status_code == 202
        assert await screen.event("kitchen:1", "order") == order
        assert await screen.push("kitchen:1", "done", {"item": "soup"}) == ["ok", {}]
        done = await screen.event("kitchen:1", "done")
        assert done == {"order": {"item": "soup", "count": 1}}
        assert (await _post(port, "/kitchens/1/orders", {})).status_code == 422


async def test_two_servers_are_one_over_redis(redis_url: str) -> None:
    serve = ["-m", "uvicorn", "workers:app", "--port"]
    one, other = free_port(), free_port()
    async with (
        running([*serve, str(one)], one, REDIS_URL=redis_url),
        running([*serve, str(other)], other, REDIS_URL=redis_url),
        stock_client(one) as ann,
        stock_client(other) as bob,
    ):
        assert await ann.connect() == await bob.connect() == "open"
        assert await ann.join(LOBBY, {"name": "ann"}) == ["ok", {}]
        assert await bob.join(LOBBY, {"name": "bob"}) == ["ok", {}]
        for client in (ann, bob):
            people = await client.people(LOBBY, "ann", "bob")
            assert people[0]["metas"][0]["pid"] != people[1]["metas"][0]["pid"]
        assert await ann.push(LOBBY, "shout", {"n": 1}) == ["ok", {}]
        for client in (ann, bob):
            assert await client.event(LOBBY, "shout") == {"n": 1}
        said = await run_script(
            "broadcast_from_a_script.py", LOBBY, "tea is ready", REDIS_URL=redis_url
        )
        assert said == ""
        for client in (ann, bob):
            assert await client.event(LOBBY, "announcement") == {"text": "tea is ready"}


async def test_workers_on_one_port(redis_url: str) -> None:
    async with running("workers.py", REDIS_URL=redis_url, WORKERS="2") as port:
        async with stock_client(port) as ann, stock_client(port) as bob:
            assert await ann.connect() == await bob.connect(polled=True) == "open"
            assert (await ann.join(LOBBY, {"name": "ann"}))[0] == "ok"
            assert (await bob.join(LOBBY, {"name": "bob"}))[0] == "ok"
            await ann.people(LOBBY, "ann", "bob")
            assert await ann.push(LOBBY, "shout", {"n": 2}) == ["ok", {}]
            assert await bob.event(LOBBY, "shout") == {"n": 2}


async def test_supabase() -> None:
    script = Path(__file__).with_name("realtime.mjs")
    async with running("supabase.py") as port:
        node = await _node(script, port)
        assert node == {
            "subscribed": "SUBSCRIBED",
            "heard": {"tea": "ready"},
            "anonymous": "CHANNEL_ERROR",
            "foreign": "CHANNEL_ERROR",
            "own": "SUBSCRIBED",
        }


async def _node(script: Path, port: int) -> Any:
    process = await asyncio.create_subprocess_exec(
        "node", str(script), str(port), stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(PATIENCE_S):
        output, _ = await process.communicate()
    return json.loads(output)


def test_every_example_is_tested() -> None:
    tests = Path(__file__).parents[1]
    source = "".join(path.read_text() for path in tests.rglob("test_*.py"))
    examples = sorted(EXAMPLES.glob("*.py"))
    assert len(examples) > 5
    for example in examples:
        assert example.stem in source, f"{example.name} has no test"
