"""The gateway over sockets, with a client by hand: sessions, heartbeats, bad clients."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.dbn import START, mixed_records, trades, write_dbn
from tests.support.gateway import (
    KEY,
    TIMEOUT_S,
    Client,
    ManualClock,
    S,
    connected,
    controls_of,
    data_records,
)
from tickfire.base.errors import UsageError, UserError
from tickfire.ingest.dbn.control import ErrorMsg, SymbolMappingMsg, SystemMsg, encode_control
from tickfire.ingest.dbn.errors import DbnError
from tickfire.ingest.dbn.layout import ERROR_INVALID_SUBSCRIPTION, SYSTEM_HEARTBEAT
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.gateway import Gateway, GatewayConfig, serve_gateway
from tickfire.ingest.gateway.pace import Clock
from tickfire.ingest.lsg.lines import MAX_LINE_SIZE

RECORDS = trades(50).tobytes()


@asynccontextmanager
async def serving(
    path: Path,
    records: bytes = RECORDS,
    metadata: Metadata | None = None,
    *,
    clock: Clock | None = None,
    **options: Any,
) -> AsyncIterator[Gateway]:
    file = write_dbn(path / "x.dbn", records, metadata)
    given: dict[str, Any] = {"port": 0, "file": file, "speed": 0.0, "gate_s": 0.0}
    config = GatewayConfig(**(given | options))
    async with await serve_gateway(config, clock=clock) as gateway:
        yield gateway


async def receives_all(port: int) -> bool:
    """Return True if a good client still gets everything."""
    async with connected(port) as client:
        await client.start("trades")
        return data_records(b"".join(await client.until("completed"))) == data_records(RECORDS)


async def test_a_session_gets_metadata_acknowledgements_and_records(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway, connected(gateway.port) as client:
        metadata = await client.start("trades", "mbp-1")
        assert metadata == Metadata("TEST", start=START + 150)
        data = b"".join(await client.until("completed"))
        assert b"".join(data_records(data)) == RECORDS
        texts = [message.msg for message in controls_of(data) if isinstance(message, SystemMsg)]
        assert texts == [
            "Subscription request 0 for trades data succeeded",
            "Subscription request 1 for mbp-1 data succeeded",
            "Replay completed: x.dbn",
        ]


async def test_ts_out_is_told_in_the_metadata_and_appended(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway, connected(gateway.port) as client:
        assert (await client.start("trades", options="ts_out=1")).ts_out
        records = await client.until("completed")
        assert {len(record) for record in records} == {48 + 8, 320 + 8}


async def test_two_sessions_replay_from_the_first_record_each(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway:
        assert await receives_all(gateway.port)
        async with connected(gateway.port) as idle:
            await idle.start("trades")
            assert await receives_all(gateway.port)
            assert gateway.sessions >= 1


async def test_what_is_not_understood_is_told_in_the_stream(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway, connected(gateway.port) as client:
        await client.authenticate()
        client.send("schema=trades|symbols=ALL_SYMBOLS\nschema=prices|symbols=A\nhello\n")
        client.send("start_session=0\n")
        await client.metadata()
        data = b"".join(await client.until("completed"))
        errors = [message for message in controls_of(data) if isinstance(message, ErrorMsg)]
        assert [error.err for error in errors] == [
            "Unknown schema 'prices'.",
            "Unknown request 'hello'.",
        ]
        assert {error.code for error in errors} == {ERROR_INVALID_SUBSCRIPTION}
        client.send("start_session=0\n")
        await client.until("started already")


async def test_a_subscription_after_the_start_is_served(tmp_path: Path) -> None:
    lead = encode_control(SymbolMappingMsg(1, "A", "A", 0))
    clock = ManualClock()
    records = lead + trades(2, step=10 * S).tobytes() + mixed_records(3, START + 20 * S)
    serve = serving(tmp_path, records, Metadata("TEST"), clock=clock, speed=1.0)
    async with serve as gateway, connected(gateway.port) as client:
        await client.authenticate()
        client.send("schema=ohlcv-1s|symbols=B\nstart_session=0\n")
        await client.metadata()
        await client.until("ohlcv-1s data succeeded")
        await clock.asleep(2)  # the feed until its second record, and the heartbeat
        client.send("schema=trades|symbols=A|id=9\n")
        await client.until("request 9 for trades")
        clock.advance(10 * S)
        assert [(await client.record())[1] for _ in range(2)] == [22, 0]


async def test_an_idle_session_gets_heartbeats(tmp_path: Path) -> None:
    clock = ManualClock()
    async with serving(tmp_path, clock=clock) as gateway, connected(gateway.port) as client:
        await client.start("trades", options="heartbeat_interval_s=5")
        await client.until("completed")
        for _ in range(2):
            await clock.asleep()
            clock.advance(5 * S)
            (message,) = controls_of(await client.record())
            assert isinstance(message, SystemMsg)
            assert (message.msg, message.code) == ("Heartbeat", SYSTEM_HEARTBEAT)


async def test_data_waits_for_the_gate_but_metadata_does_not(tmp_path: Path) -> None:
    clock = ManualClock()
    serve = serving(tmp_path, clock=clock, gate_s=0.5)
    async with serve as gateway, connected(gateway.port) as client:
        await client.start("trades")
        await clock.asleep()
        assert clock.due() == [S // 2]
        clock.advance(S // 2)
        await client.until("completed")


async def test_a_client_that_does_not_read_holds_up_nobody_else(tmp_path: Path) -> None:
    records = trades(200_000).tobytes()
    async with serving(tmp_path, records) as gateway, connected(gateway.port) as stuck:
        await stuck.start("trades")
        async with connected(gateway.port) as client:
            await client.start("trades")
            data = b"".join(await client.until("completed"))
            assert len(data_records(data)) == 200_000


async def test_a_loop_ends_the_session_at_the_end_and_the_next_begins_anew(tmp_path: Path) -> None:
    async with serving(tmp_path, loop=True) as gateway:
        for _ in range(2):
            async with connected(gateway.port) as client:
                await client.start("trades")
                assert b"".join(data_records(b"".join(await client.until("completed")))) == RECORDS
                assert await client.ended() == b""


async def test_a_loop_ends_no_session_before_everything_is_read(tmp_path: Path) -> None:
    records = trades(100_000).tobytes()
    async with serving(tmp_path, records, loop=True) as gateway:
        async with connected(gateway.port) as client:
            await client.start("trades")
            data = await client.ended()
            assert len(data_records(data)) == 100_000


# --- who is let in


@pytest.mark.parametrize(("keys", "success"), [(None, "1"), ({KEY}, "1"), ({"db-other"}, "0")])
async def test_the_key_decides(tmp_path: Path, keys: set[str] | None, success: str) -> None:
    allowed = frozenset(keys) if keys else None
    async with serving(tmp_path, keys=allowed) as gateway, connected(gateway.port) as client:
        answer = await client.authenticate()
        assert answer.startswith(f"success={success}|")
        if success == "0":
            assert answer == "success=0|error=User authentication failed."
            assert await client.ended() == b""


async def test_who_does_not_authenticate_in_time_is_refused(tmp_path: Path) -> None:
    serve = serving(tmp_path, auth_timeout_s=0.01)
    async with serve as gateway, connected(gateway.port) as client:
        await client.greet()
        assert await client.line() == "success=0|error=Authentication timed out."
        assert await client.ended() == b""


async def test_more_sessions_than_allowed_are_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, max_sessions=1) as gateway, connected(gateway.port) as first:
        await first.start("trades")
        async with connected(gateway.port) as second:
            await second.greet()
            assert await second.line() == "success=0|error=Too many sessions."
        await first.until("completed")


# --- bad clients


async def misbehave(client: Client, text: bytes) -> None:
    client.writer.write(text)
    if client.writer.can_write_eof():
        client.writer.write_eof()
    await client.ended()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
        b"\xff" * 100_000,
        b"a" * (2 * MAX_LINE_SIZE),
        b"auth=|dataset=|\n" * 100,
    ],
)
async def test_a_bad_client_ends_only_itself_with_one_line_in_the_log(
    tmp_path: Path, text: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with serving(tmp_path) as gateway:
        async with connected(gateway.port) as client:
            await client.greet()
            try:
                await misbehave(client, text)
            except ConnectionError:
                pass  # it was closed before it had said everything
        ours = [r for r in caplog.records if r.name.startswith("tickfire")]
        assert len(ours) == 1 and "session 1" in ours[0].getMessage()
        assert await receives_all(gateway.port)


async def test_garbage_during_the_stream_ends_that_session(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway:
        async with connected(gateway.port) as client:
            await client.start("trades")
            client.writer.write(b"\x00\xff\n")
            try:
                await client.ended()
            except ConnectionError:
                pass
        assert await receives_all(gateway.port)


async def test_a_client_that_breaks_off_leaves_nothing_behind(tmp_path: Path) -> None:
    async with serving(tmp_path, speed=1.0, records=trades(2, step=3600 * S).tobytes()) as gateway:
        async with connected(gateway.port) as client:
            await client.start("trades")
            await client.until("succeeded")
            client.writer.transport.abort()
        async with connected(gateway.port) as other:
            await other.start("trades")
            await other.until("succeeded")
            assert gateway.sessions == 1


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    chunks=st.lists(
        st.binary(max_size=200)
        | st.sampled_from(
            [b"schema=trades|symbols=ALL_SYMBOLS\n", b"start_session=0\n", b"|\n", b"=\n", b"\n"]
        ),
        max_size=5,
    ),
    authenticated=st.booleans(),
)
def test_fuzzed_clients_harm_nobody(
    tmp_path: Path, chunks: list[bytes], authenticated: bool
) -> None:
    async def session() -> None:
        async with serving(tmp_path) as gateway:
            async with connected(gateway.port) as client:
                if authenticated:
                    await client.authenticate()
                try:
                    await misbehave(client, b"".join(chunks))
                except ConnectionError:
                    pass
            assert await receives_all(gateway.port)

    asyncio.run(session())


# --- starting and stopping


async def test_close_ends_all_sessions(tmp_path: Path) -> None:
    async with serving(tmp_path, speed=1.0, records=trades(2, step=3600 * S).tobytes()) as gateway:
        async with connected(gateway.port) as client, connected(gateway.port) as half:
            await client.start("trades")
            await client.until("succeeded")
            async with asyncio.timeout(TIMEOUT_S):
                await gateway.close()
            assert await client.ended() is not None
            await half.ended()
        assert gateway.sessions == 0


def test_it_runs_on_uvloop(tmp_path: Path) -> None:
    async def session() -> None:
        async with serving(tmp_path) as gateway:
            assert await receives_all(gateway.port)

    uvloop.run(session())


async def test_what_cannot_be_served_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DbnError, match="does not exist"):
        await serve_gateway(GatewayConfig(port=0, file=tmp_path / "missing"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        file = write_dbn(tmp_path / "x", RECORDS)
        with pytest.raises(UserError, match=f"port {port} on 127.0.0.1 is in use"):
            await serve_gateway(GatewayConfig(port=port, file=file))
    with pytest.raises(UserError, match="cannot listen"):
        await serve_gateway(GatewayConfig(host="203.0.113.1", port=0, file=file))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"port": 65536}, "65536 is not a port"),
        ({"speed": -1.0}, "speed must be a number"),
        ({"speed": float("nan")}, "speed must be a number"),
        ({"speed": 0.0}, "speed 0 needs a file"),
        ({"instruments": 0}, "instruments"),
        ({"history_s": -1.0}, "history"),
        ({"keys": frozenset({"a b c d"})}, "API key"),
    ],
)
def test_settings_that_make_no_sense_are_told(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        GatewayConfig(**options)


@pytest.mark.parametrize(("start", "expected"), [(START + 3000, 2), (START + 10**18, 5)])
async def test_a_start_of_another_time_than_the_recording_gets_all_of_it(
    tmp_path: Path, start: int, expected: int
) -> None:
    async with serving(tmp_path, trades(5).tobytes()) as gateway, connected(gateway.port) as client:
        await client.start("trades", extra=f"|start={start}")
        data = b"".join(await client.until("completed"))
    assert len(data_records(data)) == expected
