"""`Store` with every kind of URL: its client and its connections reach the same server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis
from click.testing import CliRunner

from tests.support.cluster import suspend
from tests.support.eventually import TIMEOUT_S, eventually
from tests.support.pipes import piping
from tests.support.publisher import STREAM
from tests.support.sentinel import one_sentinel
from tests.support.tls import Certificates, terminating
from tests.support.valkey import Valkey
from tickfire.base.errors import UsageError, UserError
from tickfire.base.ports import free_port
from tickfire.ingest.cli import ingest
from tickfire.ingest.news.cli import news
from tickfire.models.infer.cli import infer
from tickfire.server.serve import serve
from tickfire.server.supervisor.command import dev
from tickfire.store import watch as watch_module
from tickfire.store.errors import REDIS_ERRORS
from tickfire.store.resp import RespError
from tickfire.store.schema import TICK, ticks_key
from tickfire.store.store import Store
from tickfire.store.writes import tick_writes

PASSWORD = "a-secret-word"
KEY = ticks_key(STREAM)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """Run a Valkey that requires a password and listens on a Unix socket too."""
    path = tmp_path_factory.mktemp("socket") / "valkey.sock"
    server = Valkey("--unixsocket", str(path), "--unixsocketperm", "700")
    server.client.config_set("requirepass", PASSWORD)
    server.client.execute_command("AUTH", PASSWORD)
    yield server
    server.close()


def socket_of(server: Valkey) -> str:
    return str(server.client.config_get("unixsocket")["unixsocket"])


async def round_trip(url: str) -> None:
    """Write through a `Pipe`, and read with the client and over a `RedisConnection`."""
    store = await Store.open(url)

    async def verify() -> None:
        await store.ask(lambda client: client.delete(KEY), "emptying the stream")

    try:
        async with piping(store, verify=verify) as pipe:
            pipe.send(tick_writes(STREAM, 1, np.zeros(3, TICK), 1, 2, 1000), 3, 1)
            await asyncio.wait_for(pipe.flushed(), TIMEOUT_S)
        assert await store.ask(lambda client: client.xlen(KEY), "reading the length") == 1
        connection = await store.connect(KEY)
        reply: Any = await connection.command("XRANGE", KEY, "-", "+")
        connection.close()
        assert reply[0][0] == b"3-0"
    finally:
        await store.close()


# --- TLS
async def test_tls_with_a_ca_serves_writer_and_readers(
    guarded: Valkey, certificates: Certificates
) -> None:
    async with terminating(certificates.context(), guarded.port) as port:
        await round_trip(f"rediss://:{PASSWORD}@127.0.0.1:{port}/0?ssl_ca_certs={certificates.ca}")


async def test_tls_without_a_check_serves_writer_and_readers(
    guarded: Valkey, certificates: Certificates
) -> None:
    async with terminating(certificates.context(), guarded.port) as port:
        await round_trip(f"rediss://default:{PASSWORD}@127.0.0.1:{port}/1?ssl_cert_reqs=none")


async def test_tls_with_a_client_certificate_serves_writer_and_readers(
    guarded: Valkey, certificates: Certificates
) -> None:
    async with terminating(certificates.context(ask_client=True), guarded.port) as port:
        url = f"rediss://:{PASSWORD}@127.0.0.1:{port}/0?ssl_ca_certs={certificates.ca}"
        with pytest.raises(UserError, match="cannot reach Redis"):
            await Store.open(url)
        await round_trip(
            f"{url}&ssl_certfile={certificates.client}&ssl_keyfile={certificates.client_key}"
        )


async def test_an_unknown_ca_is_refused(guarded: Valkey, certificates: Certificates) -> None:
    async with terminating(certificates.context(), guarded.port) as port:
        with pytest.raises(UserError, match="cannot reach Redis"):
            await Store.open(f"rediss://:{PASSWORD}@127.0.0.1:{port}/0")


async def test_a_host_that_the_certificate_does_not_name_is_refused_unless_asked(
    guarded: Valkey, certificates: Certificates
) -> None:
    async with terminating(certificates.context(), guarded.port) as port:
        url = f"rediss://:{PASSWORD}@localhost:{port}/0?ssl_ca_certs={certificates.ca}"
        with pytest.raises(UserError, match="cannot reach Redis"):
            await Store.open(url)
        await round_trip(f"{url}&ssl_check_hostname=false")


async def test_a_file_that_is_missing_is_named() -> None:
    with pytest.raises(UsageError, match=r"ssl_ca_certs=/absent/ca.pem"):
        await Store.open("rediss://127.0.0.1/0?ssl_ca_certs=/absent/ca.pem")


@contextlib.asynccontextmanager
async def listening(received: bytearray) -> AsyncIterator[int]:
    """Listen without answering, and collect the bytes that clients send; yield the port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.extend(await reader.read(1 << 16))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def test_nothing_is_ever_sent_in_the_clear_to_a_tls_port(
    guarded: Valkey, certificates: Certificates
) -> None:
    received = bytearray()
    async with terminating(certificates.context(), guarded.port) as port:
        store = await Store.open(f"rediss://:{PASSWORD}@127.0.0.1:{port}/0?ssl_cert_reqs=none")
    async with store, listening(received) as plain:
        store.url = type(store.url).parse(f"rediss://:{PASSWORD}@127.0.0.1:{plain}/0")
        with pytest.raises(REDIS_ERRORS):
            await store.connect(KEY)
    assert received[:2] == b"\x16\x03"  # a TLS ClientHello
    assert b"AUTH" not in received and PASSWORD.encode() not in received


# --- others
async def test_a_socket_serves_writer_and_readers(guarded: Valkey) -> None:
    await round_trip(f"unix://:{PASSWORD}@{socket_of(guarded)}?db=2")


async def test_a_wrong_password_is_refused_by_both_ways(guarded: Valkey) -> None:
    with pytest.raises(UserError, match=r"cannot reach Redis at redis://\*\*\*@127\.0\.0\.1"):
        await Store.open(f"redis://:wrong@127.0.0.1:{guarded.port}/0")
    async with await Store.open(f"redis://:{PASSWORD}@127.0.0.1:{guarded.port}/0") as store:
        store.url = type(store.url).parse(f"redis://:wrong@127.0.0.1:{guarded.port}/0")
        with pytest.raises(RespError, match="WRONGPASS"):
            await store.connect(KEY)


async def test_an_absent_redis_is_named_without_its_password() -> None:
    with pytest.raises(UserError, match=r"cannot reach Redis at redis://\*\*\*@127\.0\.0\.1"):
        await Store.open(f"redis://me:secret@127.0.0.1:{free_port()}/0")


# --- sentinels
@pytest.fixture
def sentinel(tmp_path: Path) -> Iterator[tuple[int, Valkey, Valkey]]:
    with one_sentinel(tmp_path) as found:
        yield found


async def test_writer_and_readers_follow_the_primary_that_sentinels_name(
    sentinel: tuple[int, Valkey, Valkey],
) -> None:
    port, primary, replica = sentinel
    url = f"redis+sentinel://127.0.0.1:{free_port()},127.0.0.1:{port}/main/0"

    async def opens() -> bool:
        try:
            await (await Store.open(url)).close()
        except UserError:
            return False
        return True

    await eventually(opens, "the Sentinel names the primary")
    await round_trip(url)
    assert primary.client.xlen(KEY) == 1
    await eventually(lambda: replica.client.xlen(KEY) == 1, "it is replicated")
    store = await Store.open(url)
    try:
        async with piping(store) as pipe:
            primary.kill()
            pipe.send(tick_writes(STREAM, 4, np.zeros(3, TICK), 1, 2, 1000), 6, 1)
            await asyncio.wait_for(pipe.flushed(), TIMEOUT_S)
        assert replica.client.xrevrange(KEY, count=1)[0][0] == b"6-0"
        assert await store.ask(lambda client: client.xlen(KEY), "reading the length") == 2
    finally:
        await store.close()


def is_primary(server: Valkey) -> bool:
    try:
        return bool(server.client.info("replication")["role"] == "master")
    except redis.ConnectionError:  # a Sentinel closes all connections when it promotes
        return False


async def test_a_primary_that_hangs_is_left_for_the_one_that_sentinels_name(
    sentinel: tuple[int, Valkey, Valkey], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "SILENT_LOOKS", 10**9)  # silence alone is no reason
    port, primary, replica = sentinel
    url = f"redis+sentinel://127.0.0.1:{free_port()},127.0.0.1:{port}/main/0"
    async with await Store.open(url, patience_s=30) as store, piping(store) as pipe:
        suspend(primary)
        pipe.send(tick_writes(STREAM, 1, np.zeros(3, TICK), 1, 2, 1000), 3, 1)
        length = asyncio.create_task(store.ask(lambda client: client.xlen(KEY), "asking"))
        await eventually(lambda: is_primary(replica), "it is promoted")
        async with asyncio.timeout(TIMEOUT_S):
            await pipe.flushed()
            assert await length in (0, 1)


# --- the commands
@pytest.mark.parametrize("command", [dev, infer, ingest, news, serve], ids=lambda one: one.name)
@pytest.mark.parametrize(
    ("url", "fault"),
    [("http://127.0.0.1", "is not a Redis URL"), ("redis://h/0?x=1", "the unknown option x")],
)
def test_every_command_refuses_a_wrong_url_by_the_same_sentence(
    command: Any, url: str, fault: str
) -> None:
    result = CliRunner().invoke(command, ["--redis-url", url], standalone_mode=False)
    assert isinstance(result.exception, UsageError)
    assert str(result.exception).startswith(f"REDIS_URL={url} ") and fault in str(result.exception)


def test_more_shards_than_the_wire_can_name_are_refused() -> None:
    result = CliRunner().invoke(ingest, ["--shards", "512"])
    assert result.exit_code == 2 and "1<=x<=256" in result.output
