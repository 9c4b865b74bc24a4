"""Comparison of a server's behaviour with a transcript.

Text is compared as JSON, with placeholders in strings: `<any:NAME>` is any string (the same NAME,
the same value), `<capture:NAME>` remembers, `<use:NAME>` equals what was remembered. 1.0 is not 1.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import Any

from tests.support.phoenix.rawclient import Step

type Bindings = dict[str, str]

PLACEHOLDER = re.compile(r"<(any|capture|use):([A-Za-z0-9_]+)>")
COMPARED_HEADERS = (
    "content-type",
    "sec-websocket-protocol",
    "cache-control",
    "access-control-allow-origin",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-max-age",
)
BIG = "x" * 3_000_000
"""The payload that `send_generated` stands for."""


def substitute(text: str, bound: Bindings) -> str:
    """Put remembered values in."""
    return PLACEHOLDER.sub(lambda found: bound.get(found[2], found[0]), text)


def matches(expected: Any, got: Any, bound: Bindings) -> bool:
    """Compare a JSON value with the expected one, and bind placeholders on the way."""
    if isinstance(expected, str):
        return _matches_text(expected, got, bound)
    if isinstance(expected, dict):
        return (
            isinstance(got, dict)
            and expected.keys() == got.keys()
            and all(matches(value, got[key], bound) for key, value in expected.items())
        )
    if isinstance(expected, list):
        return (
            isinstance(got, list)
            and len(expected) == len(got)
            and all(matches(*pair, bound) for pair in zip(expected, got, strict=True))
        )
    return type(expected) is type(got) and repr(expected) == repr(got)


def _matches_text(expected: str, got: Any, bound: Bindings) -> bool:
    found = PLACEHOLDER.fullmatch(expected)
    if found:
        kind, name = found.groups()
        if not isinstance(got, str):
            return False
        if name in bound and kind != "capture":
            return bound[name] == got
        bound[name] = got
        return True
    if expected == got:
        return True
    if not isinstance(got, str) or not _may_be_json(expected, got):
        return False
    try:  # frames, also those inside the "messages" of long-poll
        return matches(json.loads(expected), json.loads(got), bound)
    except ValueError:
        return False


def _may_be_json(expected: str, got: str) -> bool:
    if PLACEHOLDER.search(expected):
        return True
    return expected[:1] in ("[", "{") and got[:1] in ("[", "{")


def same_step(expected: Step, got: Step | None, bound: Bindings) -> bool:
    """Return whether a step is as expected."""
    if got is None or expected["op"] != got["op"]:
        return False
    match expected["op"]:
        case "recv":
            return _same_frame(expected, got, bound)
        case "recv_close":
            return bool(expected["code"] == got["code"])
        case "recv_pong" | "recv_ping":
            return bool(expected["data"] == got["data"])
        case "response" | "http_response":
            return _same_response(expected, got, bound)
    return True


def _same_frame(expected: Step, got: Step, bound: Bindings) -> bool:
    if "rsv" in expected:
        return expected["rsv"] == got.get("rsv") and matches(
            _inflated(expected), _inflated(got), bound
        )
    if "rsv" in got or "fin" in got:
        return False
    if "binary" in expected:
        return bool(expected["binary"] == got.get("binary"))
    if "text" not in got:
        return False
    if "<..." in expected["text"]:  # a long frame, recorded with its middle left out
        is_v2 = expected["text"].startswith("[")
        return matches(_big_reply(is_v2), json.loads(got["text"]), bound)
    return matches(expected["text"], got["text"], bound)


def _inflated(step: Step) -> str:
    compressed = base64.b64decode(step["binary"]) + b"\0\0\xff\xff"
    return zlib.decompressobj(-15).decompress(compressed).decode()


def _big_reply(is_v2: bool) -> Any:
    payload = {"response": {"p": BIG}, "status": "ok"}
    if is_v2:
        return ["1", "2", "market:1", "phx_reply", payload]
    return {"topic": "market:1", "event": "phx_reply", "payload": payload, "ref": "2"}


def _same_response(expected: Step, got: Step, bound: Bindings) -> bool:
    if expected.get("error") or got.get("error"):
        return bool(expected.get("error")) == bool(got.get("error"))
    if expected["status"] != got["status"] or expected.get("accept_ok") != got.get("accept_ok"):
        return False
    wanted, have = expected["headers"], got["headers"]
    if any((wanted.get(name) or None) != (have.get(name) or None) for name in COMPARED_HEADERS):
        return False
    extensions = "sec-websocket-extensions"
    if (extensions in wanted) != (extensions in have):
        return False
    return matches(expected.get("body", ""), got.get("body", ""), bound)


def show(step: Step | None) -> str:
    """Write a step for a report."""
    if step is None:
        return "nothing"
    hidden = ("conn", "desc", "approx_ms", "label")
    shown = {key: value for key, value in step.items() if key not in hidden}
    if "headers" in shown:
        kept = {k: v for k, v in shown["headers"].items() if k in COMPARED_HEADERS}
        shown["headers"] = kept
    return json.dumps(shown, ensure_ascii=False)[:400]
