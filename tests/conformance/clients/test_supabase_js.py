"""The stock @supabase/realtime-js, from npm, in Node: broadcast, presence, private channels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.clients.app_process import AppProcess
from tests.conformance.clients.scripts import run_script
from tests.conformance.clients.supabase_app import KEY

pytestmark = pytest.mark.slow


def _broadcast(event: str, payload: Any) -> dict[str, Any]:
    return {"sent": "ok", "type": "broadcast", "event": event, "payload": payload, "own": []}


SUBSCRIBED = ["SUBSCRIBED", None]
PRESENCE = {
    "tracked": "ok",
    "untracked": "ok",
    "removed": "ok",
    "came": ["ann", "bob"],
    "left": ["ann", "bob"],  # a change of what is tracked is a leave and a join
}

EXPECTED: dict[str, Any] = {
    "json": _broadcast("cursor", {"x": 1, "deep": [None, "é"]}),
    "binary": _broadcast("bytes", [1, 2, 255]),
    "noPayload": _broadcast("nothing", {}),
    "latinName": _broadcast("è!", {"x": 1}),
    "v1": _broadcast("cursor-v1", {"x": 1}),
    "ackAndSelf": {
        "sent": "ok",
        "got": {"type": "broadcast", "event": "mine", "payload": {"n": 1}},
    },
    "serverBroadcast": {
        "text": {"type": "broadcast", "event": "text", "payload": {"breaking": "ü"}},
        "data": [1, 0, 255],
    },
    "presence": PRESENCE,
    "presenceV1": PRESENCE,
    "presenceWithoutKey": {"key": 36, "n": 1, "ref": "string"},
    "privateChannel": {
        "first": SUBSCRIBED,
        "told": {
            "extension": "system",
            "status": "error",
            "message": "Unauthorized: no access to private-room",
            "channel": "private-room",
        },
    },
    "refusals": {
        "noToken": ["CHANNEL_ERROR", "Unauthorized: no access to private-none"],
        "asPublic": ["CHANNEL_ERROR", "Unauthorized: the channel private-open is private"],
        "notPrivate": ["CHANNEL_ERROR", "Unauthorized: the channel public is public"],
        "postgres": ["CHANNEL_ERROR", "Postgres changes are not served here"],
    },
    "badKey": "CHANNEL_ERROR",
    "heartbeat": ["sent", "ok"],
    "restart": 2,
}


@pytest.fixture(scope="module")
def app() -> Iterator[AppProcess]:
    with AppProcess("tests.conformance.clients.supabase_app") as app:
        yield app


@pytest.fixture(scope="module")
def seen(app: AppProcess) -> dict[str, Any]:
    """The observations of each scenario of the script."""
    script = Path(__file__).with_name("supabase.mjs")
    return run_script(script, json.dumps({"port": app.port, "key": KEY}), app.do)


@pytest.mark.timeout(260)
@pytest.mark.parametrize("scenario", EXPECTED)
def test_it_observes_the_same_as_with_supabase(scenario: str, seen: dict[str, Any]) -> None:
    assert seen[scenario] == EXPECTED[scenario]


def test_every_scenario_is_expected(seen: dict[str, Any]) -> None:
    assert seen.keys() == EXPECTED.keys()
