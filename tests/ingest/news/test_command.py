"""``tickfire news`` as a process."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys

import pytest
from redis.asyncio import Redis

from tests.support.eventually import TIMEOUT_S, eventually
from tests.support.http import http_client
from tests.support.newsserver import NewsServer, document, rss
from tickfire.base.errors import UsageError
from tickfire.base.ports import free_port
from tickfire.ingest.news.cli import parse_feed
from tickfire.ingest.news.poller import NewsFeed
from tickfire.ingest.news.publish import last_headlines
from tickfire.ingest.redis.server import EmbeddedRedis

NEWS = (sys.executable, "-m", "tickfire.server", "news")


def environment(**more: str) -> dict[str, str]:
    clean = {
        k: v for k, v in os.environ.items() if k not in ("NEWS_FEEDS", "NEWS_APIS", "REDIS_URL")
    }
    return {**clean, "no_proxy": "127.0.0.1", **more}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_feeds_from_the_environment_are_read_until_a_signal(
    server: NewsServer, valkey: EmbeddedRedis, redis: Redis, number: signal.Signals
) -> None:
    server.answers["/one"] = document(rss(("a", "From one")))
    server.answers["/two"] = document(rss(("b", "From two")))
    env = environment(
        NEWS_FEEDS=f"{server.url('/one')}|60, {server.url('/two')}".replace(", ", ","),
        REDIS_URL=f"redis://127.0.0.1:{valkey.options.port}/0",
        NEWS_METRICS_PORT=str(port := free_port()),
    )
    command = await asyncio.create_subprocess_exec(*NEWS, env=env, stderr=subprocess.PIPE)

    async def both() -> bool:
        found = {one.title for one in await last_headlines(redis, 10)}
        return found == {"From one", "From two"}

    await eventually(both, "headlines of both feeds")
    async with http_client() as http:
        metrics = (await http.get(f"http://127.0.0.1:{port}/metrics")).text
    assert 'tickfire_news_requests_total{result="changed",source="' in metrics
    assert "process_resident_memory_bytes" in metrics
    command.send_signal(number)
    _, said = await asyncio.wait_for(command.communicate(), TIMEOUT_S)
    assert command.returncode == 0
    assert b"Traceback" not in said


@pytest.mark.parametrize(
    ("args", "words", "code"),
    [
        ([], "there is no news to read", 2),
        (["--apis", "missing.toml"], "missing.toml cannot be read", 2),
        (["--feed", "file:///x"], "is not the web address of a feed", 2),
    ],
)
def test_bad_input_is_answered_with_one_sentence(args: list[str], words: str, code: int) -> None:
    result = subprocess.run(
        [*NEWS, *args], env=environment(), capture_output=True, text=True, timeout=60
    )
    assert result.returncode == code
    assert result.stderr.startswith("tickfire: ")
    assert result.stderr.count("\n") == 1
    assert words in result.stderr


def test_a_feed_may_have_its_own_interval() -> None:
    assert parse_feed("https://x.example/a,b", 300) == NewsFeed("https://x.example/a,b", 300)
    assert parse_feed("https://x.example/a|60", 300) == NewsFeed("https://x.example/a", 60)


@pytest.mark.parametrize(
    "text", ["https://x/|0", "https://x/|often", "https://x/|nan", "x", "http://["]
)
def test_an_invalid_feed_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_feed(text, 300)
