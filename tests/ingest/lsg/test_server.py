from __future__ import annotations

import hashlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.gateway import KEY
from tickfire.ingest.lsg.lines import MAX_LINE_SIZE, origin_of
from tickfire.ingest.lsg.requests import GatewaySubscription, SessionOptions
from tickfire.ingest.lsg.server import (
    Authenticated,
    Complaint,
    ConversationState,
    Event,
    Hangup,
    LsgServer,
    Started,
    Subscribed,
)

NONCE = "n0nce"
ANSWER = hashlib.sha256(f"{NONCE}|{KEY}".encode()).hexdigest() + "-" + KEY[-5:]
AUTH = f"auth={ANSWER}|dataset=XNAS.ITCH|encoding=dbn|ts_out=0|client=test\n".encode()


def server(keys: set[str] | None = None) -> LsgServer:
    core = LsgServer("7", NONCE, keys)
    core.data_to_send()
    return core


def opened() -> LsgServer:
    core = server()
    core.receive(AUTH)
    core.data_to_send()
    return core


def only(events: list[Event]) -> Event:
    (event,) = events
    return event


def test_the_greeting_holds_version_and_challenge() -> None:
    version, cram = LsgServer("7", NONCE).data_to_send().decode().splitlines()
    assert version.startswith("lsg_version=")
    assert cram == f"cram={NONCE}"


def test_bytes_to_send_are_returned_once() -> None:
    core = LsgServer("7", NONCE)
    assert core.data_to_send()
    assert core.data_to_send() == b""


@pytest.mark.parametrize("keys", [None, {KEY}, {"db-other", KEY}])
def test_an_accepted_key_opens_the_session(keys: set[str] | None) -> None:
    core = server(keys)
    assert core.receive(AUTH) == [Authenticated(SessionOptions("XNAS.ITCH", client="test"))]
    assert core.data_to_send() == b"success=1|session_id=7\n"
    assert core.state is ConversationState.OPEN


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (AUTH.replace(b"-", b"-x"), "User authentication failed."),
        (b"auth=|dataset=X\n", "User authentication failed."),
        (b"auth=" + b"0" * 64 + b"-short\n", "User authentication failed."),
        (b"schema=trades|symbols=A\n", "Authentication was expected."),
        (b"\n", "Authentication was expected."),
        (f"auth={ANSWER}|encoding=dbn\n".encode(), "A dataset is required."),
        (AUTH.replace(b"XNAS.ITCH", b"X" * 16), "A dataset is required."),
        (AUTH.replace(b"encoding=dbn", b"encoding=json"), "Unknown encoding 'json'; known: dbn."),
        (
            AUTH.replace(b"ts_out=0", b"compression=zstd"),
            "Unknown compression 'zstd'; known: none.",
        ),
        (AUTH.replace(b"ts_out=0", b"ts_out=yes"), "ts_out is 0 or 1, not 'yes'."),
        (
            AUTH.replace(b"ts_out=0", b"heartbeat_interval_s=4"),
            "heartbeat_interval_s is 5 to 1800, not '4'.",
        ),
        (
            AUTH.replace(b"ts_out=0", b"heartbeat_interval_s=soon"),
            "heartbeat_interval_s is 5 to 1800, not 'soon'.",
        ),
        (
            AUTH.replace(b"ts_out=0", b"slow_reader_behavior=hang"),
            "Unknown slow_reader_behavior 'hang'; known: warn, skip.",
        ),
    ],
)
def test_a_bad_authentication_is_refused_with_a_reason(line: bytes, error: str) -> None:
    core = server({KEY})
    assert core.receive(line) == [Hangup(error)]
    assert core.data_to_send() == f"success=0|error={error}\n".encode()
    assert core.receive(AUTH) == [], "lines after a refusal are ignored"


def test_a_wrong_key_is_refused() -> None:
    core = server({"db-another-key"})
    assert core.receive(AUTH) == [Hangup("User authentication failed.")]


def test_session_options_are_parsed() -> None:
    line = AUTH.replace(
        b"ts_out=0", b"ts_out=1|heartbeat_interval_s=5|slow_reader_behavior=skip|compression=none"
    )
    assert only(server().receive(line)) == Authenticated(
        SessionOptions("XNAS.ITCH", True, 5, True, "test")
    )


def test_subscriptions_are_parsed_before_and_after_the_start() -> None:
    core = opened()
    line = b"schema=mbp-1|stype_in=raw_symbol|symbols=A,B|start=5|snapshot=0|id=3|is_last=0\n"
    wanted = Subscribed(
        GatewaySubscription("mbp-1", "raw_symbol", ("A", "B"), 5, False, "3", False)
    )
    assert core.receive(line) == [wanted]
    assert core.receive(b"start_session=0\n" + line) == [Started(), wanted]
    assert core.state is ConversationState.STREAMING
    assert core.receive(b"schema=mbo|symbols=ALL_SYMBOLS|snapshot=1\n") == [
        Subscribed(GatewaySubscription("mbo", symbols=None, snapshot=True))
    ]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"schema=ohlcv-2s|symbols=A\n", "Unknown schema 'ohlcv-2s'."),
        (b"schema=trades|symbols=\n", "A subscription needs symbols, or ALL_SYMBOLS."),
        (b"schema=trades\n", "A subscription needs symbols, or ALL_SYMBOLS."),
        (
            b"schema=trades|symbols=A|snapshot=1\n",
            "A snapshot is available for the schema mbo only.",
        ),
        (
            b"schema=mbo|symbols=A|snapshot=1|start=0\n",
            "A subscription with a snapshot cannot have a start.",
        ),
        (
            b"schema=mbo|symbols=A|start=yesterday\n",
            "start is a time in ns since the Unix epoch, not 'yesterday'.",
        ),
        (
            b"schema=mbo|symbols=A|start=99999999999999999999\n",
            "start is a time in ns since the Unix epoch, not '99999999999999999999'.",
        ),
        (b"unsubscribe=1\n", "Unknown request 'unsubscribe=1'."),
    ],
)
def test_a_bad_request_is_a_complaint_and_the_session_goes_on(line: bytes, text: str) -> None:
    core = opened()
    assert core.receive(line) == [Complaint(text)]
    assert core.receive(b"start_session=0\n") == [Started()]


def test_an_unknown_symbol_type_is_a_complaint() -> None:
    event = only(opened().receive(b"schema=trades|stype_in=nick|symbols=A\n"))
    assert isinstance(event, Complaint)
    assert event.text.startswith("Unknown stype_in 'nick'")


def test_a_second_start_is_a_complaint() -> None:
    core = opened()
    core.receive(b"start_session=0\n")
    assert core.receive(b"start_session=0\n") == [Complaint("The session has started already.")]


@pytest.mark.parametrize(
    "garbage", [b"\x80\xff\n", b"GET / HTTP/1.1\r\n\x00\n", b"\x16\x03\x01\x02\x00\x01\n"]
)
def test_bytes_that_are_not_text_end_the_session(garbage: bytes) -> None:
    for core in (server(), opened()):
        events = core.receive(garbage)
        assert isinstance(events[-1], Hangup)
        assert core.state is ConversationState.CLOSED


@pytest.mark.parametrize("step", [1000, 2 * MAX_LINE_SIZE])
def test_an_endless_line_ends_the_session(step: int) -> None:
    core = opened()
    events: list[Event] = []
    for _ in range(0, 2 * MAX_LINE_SIZE, step):
        events += core.receive(b"s" * step)
    assert events == [Hangup(f"sent a line longer than {MAX_LINE_SIZE} bytes")]


CONVERSATION = (
    AUTH + b"schema=trades|symbols=A,B|id=0\r\n\nnonsense\nstart_session=0\nschema=mbo|symbols=C\n"
)


@given(st.lists(st.integers(0, len(CONVERSATION))))
def test_events_do_not_depend_on_how_bytes_are_cut(cuts: list[int]) -> None:
    whole, cut = server(), server()
    expected = whole.receive(CONVERSATION)
    assert [type(event) for event in expected] == [
        Authenticated,
        Subscribed,
        Complaint,
        Started,
        Subscribed,
    ]
    edges = sorted({0, *cuts, len(CONVERSATION)})
    events = [
        event
        for first, last in itertools.pairwise(edges)
        for event in cut.receive(CONVERSATION[first:last])
    ]
    assert events == expected
    assert cut.data_to_send() == whole.data_to_send()


@given(st.lists(st.binary(max_size=60) | st.sampled_from([AUTH, b"start_session=0\n", b"|=|\n"])))
def test_no_bytes_raise(chunks: list[bytes]) -> None:
    core = server()
    for chunk in chunks:
        for event in core.receive(chunk):
            assert isinstance(event, Authenticated | Subscribed | Started | Complaint | Hangup)


@pytest.mark.parametrize("origin", ["replay", "simulated"])
def test_the_greeting_tells_the_origin_of_the_data(origin: str) -> None:
    version, _ = LsgServer("7", NONCE, origin=origin).data_to_send().decode().splitlines()
    assert origin_of(version.removeprefix("lsg_version=")) == origin


@pytest.mark.parametrize("version", ["0.4.2", "0.4.2.replay", "", "0.1.0-tickfire.other"])
def test_another_gateway_is_a_live_one(version: str) -> None:
    assert origin_of(version) == "live"
