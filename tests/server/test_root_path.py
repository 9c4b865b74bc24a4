"""Serving below a path, whether a proxy strips it or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.support.cli import assert_one_sentence, run
from tests.support.http import http_client
from tests.support.publisher import Publisher, trades
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.base.errors import UsageError
from tickfire.server.root_path import normalized


@pytest.fixture
async def desk(publisher: Publisher, valkey: Valkey, serve: Serve, tmp_path: Path) -> Server:
    """A server below /desk, with a small page."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>tickfire</title>")
    (tmp_path / "assets" / "index-abc.js").write_text("export {}")
    publisher.publish(trades(10))
    return await serve(valkey.url, root_path="/desk")


async def get(server: Server, path: str, **options: Any) -> httpx.Response:
    async with http_client() as client:
        return await client.get(f"http://127.0.0.1:{server.port}{path}", **options)


@pytest.mark.parametrize("prefix", ["", "/desk"])
async def test_everything_is_below_the_path_and_at_the_root(desk: Server, prefix: str) -> None:
    for path in ("/", "/assets/index-abc.js", "/healthz", "/readyz", "/metrics"):
        assert (await get(desk, prefix + path)).status_code == 200, path
    assert (await get(desk, f"{prefix}/desk2")).status_code == 404
    assert (await get(desk, f"{prefix}/desk2/healthz")).status_code == 404
    uri = f"ws://127.0.0.1:{desk.port}{prefix}/socket/websocket?vsn=2.0.0"
    async with connect(uri, origin=f"http://127.0.0.1:{desk.port}") as socket:  # type: ignore[arg-type]
        await socket.send('["1","1","candles:AAA:1m","phx_join",{}]')
        assert '"status":"ok"' in str(await socket.recv())
    with pytest.raises(InvalidStatus, match="403"):
        await connect(uri, origin="http://elsewhere.example")  # type: ignore[arg-type]


@pytest.mark.parametrize("prefix", ["", "/desk"])
async def test_the_rest_api_is_described_at_its_path(desk: Server, prefix: str) -> None:
    described = (await get(desk, f"{prefix}/openapi.json")).json()
    (address,) = [one["url"] for one in described["servers"]]
    answer = await get(desk, f"{address}/v1/ticks", params={"symbol": "AAA"})
    assert len(answer.json()["rows"]) == 10


async def test_the_path_without_a_slash_leads_to_the_page(desk: Server) -> None:
    answer = await get(desk, "/desk?symbol=EUR%2FUSD")
    assert (answer.status_code, answer.headers["location"]) == (307, "/desk/?symbol=EUR%2FUSD")
    answer = await get(desk, "/desk", follow_redirects=True)
    assert "<title>tickfire</title>" in answer.text


async def test_a_redirect_of_a_folder_keeps_the_path(desk: Server, tmp_path: Path) -> None:
    (tmp_path / "assets" / "index.html").write_text("assets")
    for path in ("/desk/assets", "/assets"):
        assert (await get(desk, path)).headers["location"].endswith("/desk/assets/")


@pytest.mark.parametrize(
    ("given", "path"),
    [("", ""), ("/", ""), ("desk", "/desk"), ("/desk/", "/desk"), ("/a/b-c.d_e~", "/a/b-c.d_e~")],
)
def test_a_path_is_written_in_one_way(given: str, path: str) -> None:
    assert normalized(given) == path


@pytest.mark.parametrize("given", ["/a//b", "/a b", "/a?b", "/a#b", "/../a", "/a/.", "http://a/b"])
def test_what_is_no_path_is_refused(given: str) -> None:
    with pytest.raises(UsageError, match="write --root-path as /desk"):
        normalized(given)


@given(st.text(max_size=20))
def test_a_path_is_plain_or_refused(text: str) -> None:
    try:
        path = normalized(text)
    except UsageError:
        return
    assert path == normalized(path)
    assert not path or (path.startswith("/") and not path.endswith("/") and "//" not in path)


def test_the_command_refuses_it_in_one_sentence() -> None:
    assert_one_sentence(run("serve", "--dev", ROOT_PATH="/a b"), "write --root-path as /desk", 2)
