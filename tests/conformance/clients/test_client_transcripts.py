"""tickfire.client held to the transcripts: it says what the recorded client of Phoenix said."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conformance.clients.recorded import (
    PollPlayer,
    conversations,
    converse,
    playing,
    polled,
)
from tickfire.client import Phoenix

TRANSCRIPTS = Path(__file__).parents[1] / "transcripts"

NOT_SPOKEN = {
    "bad_": "frames that are no messages",
    "binary_bad_": "frames that are no messages",
    "binary_int_ref_reply": "refs that are no strings",
    "frame_": "frames that break the WebSocket protocol",
    "heartbeat_bad": "heartbeats that are none",
    "hs_": "handshakes alone",
    "join_ref_kinds": "refs that are no strings",
    "lp_": "requests of long-poll, of which some are spoken below",
    "oversize_": "frames that break a limit",
    "ping_pong": "control frames",
    "large_frame": "a frame whose middle is not recorded",
    "push_null_event_on_joined": "events that are no strings",
    "push_to_unjoined_topic": "pushes before a join",
    "stale_join_ref": "pushes under the join_ref of an earlier join",
    "v1_json_in_binary_frame": "text in binary frames",
}
"""Beginnings of the names of transcripts whose client says that which this one cannot say."""


def spoken() -> list[Path]:
    return [
        path
        for path in sorted(TRANSCRIPTS.glob("*.json"))
        if not path.stem.startswith(tuple(NOT_SPOKEN))
    ]


TRANSCRIPTS_BY_NAME: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text("utf8")) for path in spoken()
}


@pytest.mark.parametrize("name", [path.stem for path in spoken()])
async def test_it_says_what_the_recorded_client_said(name: str) -> None:
    for steps in conversations(TRANSCRIPTS_BY_NAME[name]).values():
        async with playing(steps) as (player, port):
            vsn = "1.0.0" if player.is_v1 else "2.0.0"
            async with Phoenix(f"ws://127.0.0.1:{port}/socket", vsn=vsn) as socket:
                assert await converse(player, socket, steps) > 0
            assert player.differences == []


POLLED = (
      "lp_join_echo_leave__v1",
    "lp_join_echo_leave__v2", "lp_poll_timeout_204__v1", "lp_poll_timeout_204__v2",
    "lp_presence__v2",
)  # fmt: skip
"""Transcripts of one session, whose requests are all accepted, and whose pushes follow the join."""


@pytest.mark.parametrize("name", POLLED)
async def test_it_says_the_same_over_long_poll(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    transcript = json.loads(await asyncio.to_thread((TRANSCRIPTS / f"{name}.json").read_text))
    steps = polled(transcript)
    player = PollPlayer(steps)
    transport = httpx.MockTransport(player.answer)
    client = partial(httpx.AsyncClient, transport=transport)
    monkeypatch.setattr(httpx, "AsyncClient", client)
    url, vsn = "http://phoenix.test/socket", transcript["vsn"]
    async with Phoenix(url, transport="longpoll", vsn=vsn) as socket:
        await converse(player, socket, steps)
    assert player.differences == []


def test_most_transcripts_of_messages_are_spoken() -> None:
    assert len(spoken()) > 60
