from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfire.archive.names import COMMITS
from tickfire.base.errors import UsageError, UserError
from tickfire.base.ports import check_port
from tickfire.server.loopback import is_loopback
from tickfire.server.supervisor.command import redis_socket
from tickfire.server.supervisor.config import DevConfig, browser_host, check
from tickfire.server.supervisor.plan import Ports, plan
from tickfire.store.url import RedisUrl

configs = st.builds(
    DevConfig,
    host=st.sampled_from(["127.0.0.1", "localhost", "::1", "0.0.0.0"]),
    feed=st.none() | st.just(Path("/data/a b.dbn.zst")),
    speed=st.floats(min_value=0, max_value=1000, allow_nan=False),
    redis_url=st.none() | st.just("redis://other:6379/0"),
    workers=st.integers(1, 8),
    live=st.booleans(),
    news_feeds=st.booleans(),
    record=st.none() | st.just("/data/archive"),
)
PORTS = Ports(redis=1001, gateway=1002, server=1003)
SOCKET = Path("/tmp/a folder/redis.sock")
ORDER = ["redis", "gateway", "ingest", "news", "infer", "record", "server"]


@given(configs)
def test_the_order_is_always_the_same(config: DevConfig) -> None:
    names = [spec.name for spec in plan(config, PORTS)]
    assert names == [name for name in ORDER if name in names]
    assert {"ingest", "news", "infer", "server"} <= set(names)


@given(configs)
def test_what_the_user_brings_is_not_started(config: DevConfig) -> None:
    names = {spec.name for spec in plan(config, PORTS)}
    assert ("redis" in names) == (config.redis_url is None)
    assert ("gateway" in names) == (not config.live)
    assert ("record" in names) == (config.record is not None)


@given(configs)
def test_the_server_reads_what_is_recorded(config: DevConfig) -> None:
    specs = {spec.name: spec for spec in plan(config, PORTS)}
    assert specs["server"].env.get("TICKFIRE_ARCHIVE") == config.record
    if config.record is not None:
        assert specs["record"].env["TICKFIRE_ARCHIVE"] == config.record


@given(configs)
def test_all_use_one_redis(config: DevConfig) -> None:
    expected = config.redis_url or "redis://127.0.0.1:1001/0"
    for spec in plan(config, PORTS):
        if spec.name in ("ingest", "news", "infer", "record", "server"):
            assert spec.env["REDIS_URL"] == expected


def test_the_embedded_redis_is_reached_by_its_socket() -> None:
    by_name = {spec.name: spec for spec in plan(DevConfig(), replace(PORTS, redis_socket=SOCKET))}
    assert by_name["redis"].args[-2:] == ("--unix-socket", str(SOCKET))
    assert RedisUrl.parse(by_name["server"].env["REDIS_URL"]).path == str(SOCKET)


def test_a_socket_needs_room_for_its_path(tmp_path: Path) -> None:
    assert redis_socket(tmp_path) == tmp_path / "redis.sock"
    assert redis_socket(tmp_path / ("x" * 100)) is None


@given(configs)
def test_a_secret_never_shows_in_a_command_line(config: DevConfig) -> None:
    for spec in plan(config, PORTS):
        assert not any("key" in argument.lower() for argument in spec.args)
        assert not any(str(config.record) in argument for argument in spec.args)
        if config.live:
            assert "DATABENTO_API_KEY" not in spec.env, "the user's own is inherited"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "::1"])
def test_a_loopback_host_is_accepted(host: str) -> None:
    assert is_loopback(host)
    check(DevConfig(host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "tickfire.example"])
def test_another_host_needs_insecure(host: str) -> None:
    with pytest.raises(UsageError, match=r"--insecure"):
        check(DevConfig(host=host))
    check(DevConfig(host=host, insecure=True))


def test_a_missing_feed_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"absent\.dbn does not exist"):
        check(DevConfig(feed=tmp_path / "absent.dbn"))
    with pytest.raises(UserError, match="is a folder"):
        check(DevConfig(feed=tmp_path))
    check(DevConfig(feed=tmp_path / "absent.dbn", live=True))


def test_a_folder_that_cannot_be_recorded_to_is_named(tmp_path: Path) -> None:
    check(DevConfig(record=str(tmp_path / "new" / "archive")))
    check(DevConfig(record="s3://bucket/archive"))
    (tmp_path / "file").touch()
    for name in ("file", "file/archive"):
        with pytest.raises(UserError, match=f"{name} cannot be made, as .*file is a file"):
            check(DevConfig(record=str(tmp_path / name)))


def test_a_recording_is_not_replayed_into_itself(tmp_path: Path) -> None:
    (tmp_path / COMMITS).mkdir()
    check(DevConfig(feed=tmp_path, record=str(tmp_path / "other")))
    with pytest.raises(UserError, match="is the folder that FEED replays"):
        check(DevConfig(feed=tmp_path, record=f"{tmp_path}/x/.."))


def test_a_port_in_use_is_refused_and_a_free_one_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} on 127.0.0.1 is in use; .* PORT"):
            check_port("127.0.0.1", port, option="PORT")
    assert check_port("127.0.0.1", port) == port
    assert check_port("127.0.0.1", 0) > 0


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(UserError, match=r"cannot listen on 192\.0\.2\.1"):
        check_port("192.0.2.1", 0)


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]")],
)
def test_the_url_is_one_that_a_browser_opens(host: str, shown: str) -> None:
    assert browser_host(host) == shown
