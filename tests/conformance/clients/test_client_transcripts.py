"""tickfire.client held to the transcripts: it says what the recorded client of Phoenix said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.clients.recorded import Follower, conversations, message_of, playing
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
    "lp_": "requests of long-poll",
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
    transcript = TRANSCRIPTS_BY_NAME[name]
    for steps in conversations(transcript).values():
        async with playing(steps) as (player, port):
            vsn = "1.0.0" if player.is_v1 else "2.0.0"
            async with Phoenix(f"ws://127.0.0.1:{port}/socket", vsn=vsn) as socket:
                follower = Follower(socket)
                for step in steps:
                    message = message_of(step)
                    if step["op"] == "send":
                        if not follower.can_say(message):
                            break
                        follower.say(message)
                        await player.expect(step)
                    else:
                        await player.play(step)
                        await follower.heard(message)
                assert player.differences == []


def test_most_transcripts_of_messages_are_spoken() -> None:
    assert len(spoken()) > 60
