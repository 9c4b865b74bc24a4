"""The stock phoenix.js, from npm, against the app: both transports and both versions."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("stock_client.mjs")
TIMEOUT_S = 110


@pytest.fixture(scope="module")
def seen(port: int) -> dict[str, Any]:
    """What each scenario of the script saw."""
    run = subprocess.run(
        ["node", str(SCRIPT), str(port)],
        check=True,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    results: dict[str, Any] = json.loads(run.stdout)
    return results


CONVERSATION = {
    "join": ["ok", {"topic": "room:stock", "params": {"n": 1}}],
    "echo": ["ok", {"deep": [1, None, "é"]}],
    "refused": ["error", {"no": True}],
    "broadcast": ["ok", {}],
    "shouts": [{"loud": 1}, {"loud": 1}],
    "denied": ["error", {"reason": "unauthorized", "params": {}}],
    "unmatched": ["error", {"reason": "unmatched topic"}],
    "left": ["ok", {}],
}
PRESENCE = {"alone": ["ann"], "both": ["ann", "bob"], "again": ["ann"], "meta": ["lunch"]}
SENT = [0, 255, 1]

EXPECTED: dict[str, Any] = {
    "websocket": CONVERSATION,
    "v1": CONVERSATION,
    "longpoll": CONVERSATION,
    "binary": {"status": "ok", "reply": SENT, "pushed": SENT, "shout": SENT},
    "crashAndReconnect": {
        "afterCrash": ["ok", {"again": 1}],
        "afterCut": ["ok", {"again": 2}],
        "rejoined": True,
    },
    "presence": PRESENCE,
    "presencePolled": PRESENCE,
    "authToken": {"good": "ok", "polled": "ok"},
    "fallback": {"echo": ["ok", {"polled": True}]},
    "heartbeat": {"echo": ["ok", {"alive": True}], "closes": 0},
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("scenario", EXPECTED)
def test_the_stock_client_sees_what_it_sees_of_phoenix(scenario: str, seen: dict[str, Any]) -> None:
    assert seen[scenario] == EXPECTED[scenario]
