"""``tickfire doctor`` against real servers: a Valkey, a Cluster, Sentinels, gateways, ports."""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from tests.support.cli import assert_one_sentence, run
from tests.support.eventually import eventually
from tests.support.sentinel import one_sentinel
from tests.support.server import Server
from tests.support.valkey import Valkey
from tickfire.base import extras
from tickfire.base.ports import free_port
from tickfire.ingest.gateway.config import GatewayConfig
from tickfire.ingest.gateway.server import serve_gateway
from tickfire.server.access.rules import Access
from tickfire.server.doctor import machine
from tickfire.server.doctor.build import examine_adapter, examine_cache, examine_page, slow_adapter
from tickfire.server.doctor.check import Check, Examination, Examine, Status, run_checks
from tickfire.server.doctor.feed import examine_feed
from tickfire.server.doctor.machine import examine_limits, examine_machine, examine_port
from tickfire.server.doctor.redis import examine_embedded, examine_redis
from tickfire.server.doctor.settings import (
    examine_access,
    examine_archive,
    examine_shared_ports,
)

KEY = "db-" + "k" * 29


async def checked(examine: Examine, timeout_s: float = 60.0) -> dict[str, Check]:
    found = await run_checks([Examination("it", examine)], timeout_s)
    assert all(check.advice for check in found if check.status is not Status.OK)
    return {check.name: check for check in found}


def statuses(checks: dict[str, Check], names: Sequence[str]) -> list[str]:
    return [str(checks[name].status) for name in names]


# --- Redis
async def test_without_a_url_the_embedded_valkey_is_started(tmp_path: Path) -> None:
    found = await checked(examine_embedded)
    assert found["Redis"].status is Status.OK and "embedded Valkey" in found["Redis"].found


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Valkey]:
    folder = ("--dir", str(tmp_path))  # of its append-only file
    server = Valkey("--maxmemory", "32mb", "--maxmemory-policy", "allkeys-lru", *folder)
    yield server
    server.close()


async def test_a_redis_that_evicts_fails_and_one_that_forgets_is_a_warning(
    own_valkey: Valkey,
) -> None:
    found = await checked(partial(examine_redis, own_valkey.url))
    assert found["Redis eviction"].status is Status.FAILED
    assert "noeviction" in found["Redis eviction"].advice
    assert found["Redis persistence"].status is Status.WARNING
    good = ("Redis version", "Redis memory", "Redis failover", "clock offset")
    assert statuses(found, good) == ["ok"] * 4
    own_valkey.client.config_set("maxmemory-policy", "noeviction")
    own_valkey.client.config_set("appendonly", "yes")
    for number in range(27):
        own_valkey.client.set(f"big {number}", bytes(1 << 20))
    found = await checked(partial(examine_redis, own_valkey.url))
    assert statuses(found, ("Redis eviction", "Redis persistence")) == ["ok", "ok"]
    assert found["Redis memory"].status is Status.WARNING


async def test_a_cluster_without_replicas_is_a_warning_and_one_that_is_not_whole_fails(
    nodes: list[Valkey],
) -> None:
    found = await checked(partial(examine_redis, nodes[0].url))
    assert "Cluster of 2 primaries and 0 replicas, state ok" in found["Redis failover"].found
    assert found["Redis failover"].status is Status.WARNING


async def test_sentinels_name_the_primary_that_is_checked(tmp_path: Path) -> None:
    with one_sentinel(tmp_path) as (port, primary, _):
        await eventually(
            lambda: primary.client.info("replication")["connected_slaves"] == 1, "it replicates"
        )
        url = f"redis+sentinel://127.0.0.1:{port}/main/0"
        found = dict[str, Check]()

        async def are_asked() -> bool:
            found.update(await checked(partial(examine_redis, url)))
            return "Redis failover" in found

        await eventually(are_asked, "the Sentinel names the primary")
    assert found["Redis failover"].found == "primary main of Sentinels, with 1 replicas"


async def test_the_advice_for_a_redis_that_refuses_is_that_for_its_reason(tmp_path: Path) -> None:
    server = Valkey("--dir", str(tmp_path))
    server.client.config_set("requirepass", "right")
    try:
        at = f"127.0.0.1:{server.port}"
        for url, found, advice in (
            (f"redis://{at}/0", "it asks for a password", "Write the password into REDIS_URL"),
            (f"redis://:wrong@{at}/0", "invalid username-password", "Correct the user and the"),
            (f"redis://:right@{at}/99", "DB index is out of range", "Name a database that it has"),
            ("redis://no.such.host.invalid/0", "no.such.host", "Correct the host in REDIS_URL"),
        ):
            check = (await checked(partial(examine_redis, url)))["it"]
            assert check.status is Status.FAILED
            assert found in check.found and check.advice.startswith(advice)
    finally:
        server.close()


async def test_a_clock_far_from_that_of_redis_fails(
    valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time
    for late_s, status in ((60.0, Status.FAILED), (1.0, Status.WARNING)):
        monkeypatch.setattr(time, "time", partial(lambda late_s: now() + late_s, late_s))
        offset = (await checked(partial(examine_redis, valkey.url)))["clock offset"]
        assert offset.status is status and "time service" in offset.advice


async def test_a_redis_out_of_reach_fails_without_its_password() -> None:
    url = f"redis://me:hunter2@127.0.0.1:{free_port()}/0"
    found = await checked(partial(examine_redis, url))
    assert found["it"].status is Status.FAILED and "hunter2" not in str(found)
    assert found["it"].advice == "Start it, or correct REDIS_URL."


@pytest.fixture
def silent() -> Iterator[int]:
    """Listen on a port and never say a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


async def test_servers_that_say_nothing_fail_in_time(silent: int) -> None:
    for examine in (
        partial(examine_redis, f"redis://127.0.0.1:{silent}/0"),
        partial(examine_feed, KEY, f"127.0.0.1:{silent}", "GLBX.MDP3"),
    ):
        async with asyncio.timeout(60):
            found = await checked(examine, 0.3)
        assert found["it"].found == "no answer within 0.3 s"


# --- the feed
async def test_a_gateway_that_accepts_the_key_is_ok_and_one_that_does_not_fails() -> None:
    config = GatewayConfig(port=0, keys=frozenset({KEY}), instruments=1, history_s=1)
    async with await serve_gateway(config) as gateway:
        address = f"127.0.0.1:{gateway.port}"
        found = await checked(partial(examine_feed, KEY, address, "GLBX.MDP3"))
        assert statuses(found, ("feed key", "feed")) == ["ok", "ok"]
        wrong = "db-" + "w" * 29
        found = await checked(partial(examine_feed, wrong, address, "GLBX.MDP3"))
        assert found["feed"].status is Status.FAILED and wrong not in str(found)
    found = await checked(partial(examine_feed, KEY, address, "GLBX.MDP3"))
    assert "cannot connect" in found["feed"].found
    found = await checked(partial(examine_feed, None, "", "GLBX.MDP3"))
    assert found["feed key"].status is Status.WARNING


# --- the machine
async def test_a_port_is_free_taken_or_that_of_tickfire(silent: int, server: Server) -> None:
    async def port(number: int) -> Check:
        examine = partial(examine_port, "port", "127.0.0.1", number, "Set PORT to another.")
        return (await checked(examine))["port"]

    assert (await port(free_port())).status is Status.OK
    assert "tickfire is running" in (await port(server.port)).found
    taken = await port(silent)
    assert (taken.status, taken.advice) == (Status.FAILED, "Set PORT to another.")
    elsewhere = partial(examine_port, "port", "192.0.2.1", free_port(), "Set PORT to another.")
    found = (await checked(elsewhere))["port"]
    assert found.status is Status.FAILED and "an address of this machine" in found.advice


# --- settings
async def test_who_may_connect_is_told_and_nobody_is_a_warning() -> None:
    found = (await checked(partial(examine_access, Access())))["clients"]
    assert found.status is Status.WARNING and "SECRET_KEY_BASE" in found.advice
    found = (await checked(partial(examine_access, Access(secret="too short"))))["clients"]
    assert found.status is Status.WARNING and "too short" in found.found
    found = (await checked(partial(examine_access, Access(secret="s" * 64))))["clients"]
    assert found.found == "accepted with signed tokens, keys"


async def test_an_archive_is_written_read_or_lacks_its_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = (await checked(partial(examine_archive, str(tmp_path / "new"))))["archive"]
    assert found.status is not Status.FAILED and "GiB free" in found.found
    assert not (tmp_path / "new").exists()
    found = (await checked(partial(examine_archive, "memory://bucket")))["archive"]
    assert found.found == "memory://bucket can be read"
    (tmp_path / "file").touch()
    found = (await checked(partial(examine_archive, str(tmp_path / "file"))))["archive"]
    assert found.status is Status.WARNING and "cannot be written" in found.found
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    found = (await checked(partial(examine_archive, str(tmp_path))))["it"]
    assert found.status is Status.FAILED and "pip install 'tickfire[archive]'" in str(found)


async def test_a_port_that_two_processes_share_fails() -> None:
    ports = {"PORT": 4000, "SERVE_METRICS_PORT": 9101, "INGEST_METRICS_PORT": 9101, "A": None}
    found = await checked(partial(examine_shared_ports, {**ports, "B": 0, "C": None}))
    assert found["ports"].found == "9101 is set for SERVE_METRICS_PORT and INGEST_METRICS_PORT"


async def test_the_limit_of_files_is_raised_or_told(monkeypatch: pytest.MonkeyPatch) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        assert "raised from 256" in (await checked(examine_limits))["open files"].found
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    monkeypatch.setattr(machine, "raise_descriptor_limit", lambda: 1024)
    found = (await checked(examine_limits))["open files"]
    assert found.status is Status.WARNING and "LimitNOFILE" in found.advice


async def test_a_small_machine_and_a_page_that_is_not_built_are_warnings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(machine, "_cores", lambda: 1)
    assert (await checked(examine_machine))["machine"].status is Status.WARNING
    assert (await checked(partial(examine_page, tmp_path)))["page"].status is Status.WARNING


async def test_a_cache_that_cannot_be_made_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TICKFIRE_CACHE", str(tmp_path / "cache"))
    assert (await checked(examine_cache))["kernel cache"].status is Status.OK
    (tmp_path / "cache").touch()
    found = (await checked(examine_cache))["kernel cache"]
    assert found.status is Status.WARNING and "cannot be written" in found.found


async def test_pictures_without_their_extra_are_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    found = (await checked(examine_adapter))["GPU"]
    assert found.status is Status.WARNING and "pip install 'tickfire[render]'" in found.found


async def test_an_adapter_that_is_slow_to_open_is_a_warning() -> None:
    late = Examination("GPU", asyncio.Event().wait, slow_adapter)  # type: ignore[arg-type]
    [found] = await run_checks([late], 0.01)
    assert (found.status, found.found) == (Status.WARNING, "no answer within 0.01 s")
    assert "--timeout" in found.advice


async def test_a_check_that_raises_an_error_fails_and_leaves_the_others() -> None:
    async def broken() -> list[Check]:
        raise ZeroDivisionError("x")

    found = await run_checks(
        [Examination("broken", broken), Examination("limits", examine_limits)], 5
    )
    assert [check.name for check in found] == ["broken", "open files"]
    assert found[0].found == "the check itself failed: ZeroDivisionError: x"


# --- the command
def test_the_command_prints_json_and_exits_1_if_a_check_failed() -> None:
    port = str(free_port())
    env = {
        "REDIS_URL": f"redis://me:hunter2@127.0.0.1:{port}/0", "PORT": str(free_port()),
        "DATABENTO_API_KEY": "db-hunter2", "TICKFIRE_GATEWAY": f"127.0.0.1:{port}",
    }  # fmt: skip
    result = run("doctor", "--json", **env)
    assert result.returncode == 1 and "hunter2" not in result.stdout + result.stderr
    told = json.loads(result.stdout)
    assert told["ok"] is False
    by_name = {check["name"]: check for check in told["checks"]}
    assert by_name["Redis"]["status"] == by_name["feed"]["status"] == "failed"
    assert {"machine", "open files", "port", "GPU", "page"} <= by_name.keys()


def test_the_command_prints_a_table_with_advice(valkey: Valkey) -> None:
    result = run("doctor", "--timeout", "60", REDIS_URL=valkey.url, PORT=str(free_port()))
    assert result.returncode == 0 and result.stderr == "", result.stdout
    lines = result.stdout.splitlines()
    assert any(line.startswith("warning feed key") for line in lines)
    assert any(line.strip().startswith("> Set DATABENTO_API_KEY") for line in lines)
    assert lines[-1].endswith(", 0 failed") and max(map(len, lines)) <= 100


def test_a_setting_that_is_not_valid_is_one_sentence() -> None:
    assert_one_sentence(run("doctor", REDIS_URL="http://x"), "is not a Redis URL", 2)
