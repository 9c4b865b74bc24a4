"""Notices that come between the records of a stream: nothing is left out in silence."""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Base class of the notices."""

    topic: str


class Gap(Notice, frozen=True, kw_only=True):
    """Data are missing here.

    Attributes
    ----------
    cause : str
        "lost": ticks were lost before they reached this client. "not recovered": the server no
        longer had the ticks after the id to resume from. "feed": the feed itself did not deliver.
    start, end : str or int, or None
        Ids after which, and up to which, ticks are missing; for the cause "feed", times in ms.
        None: not known.
    detail : str
        A sentence.
    """

    cause: Literal["lost", "not recovered", "feed"]
    start: str | int | None
    end: str | int | None
    detail: str


class Delivery(Notice, frozen=True, kw_only=True):
    """The way in which the ticks to come are sent.

    Attributes
    ----------
    state : str
        "conflated": this client is too slow, and the ticks up to the id `end` are merged. "live":
        each tick is sent again.
    start : str, or None
        Id up to which every tick has been sent on its own; pass it as `since` to get them all.
    end : str, or None
        See `state`.
    merged : int
        Trades so far that have no tick of their own.
    """

    state: str
    start: str | None
    end: str | None
    merged: int


class Reset(Notice, frozen=True, kw_only=True):
    """The candles that follow replace those before: the feed went back in time, or began anew."""


def gap_of(topic: str, payload: dict[str, Any]) -> Gap:
    """Return the notice of a `gap` event."""
    start, end = payload.get("from"), payload.get("to")
    detail = f"the ticks after {start} up to {end} were lost"
    return Gap(topic=topic, cause="lost", start=start, end=end, detail=detail)


def unrecovered(topic: str, since: str, missed: dict[str, Any] | None) -> Gap:
    """Return the notice of a join that could not resume after an id."""
    start: str | None = since
    end: str | None = None
    if missed is None:
        detail = f"the server does not know {since}; live ticks follow"
    else:
        start, end = missed.get("from"), missed.get("to")
        detail = f"the server no longer has the ticks after {start} up to {end}"
    return Gap(topic=topic, cause="not recovered", start=start, end=end, detail=detail)


def feed_gap(topic: str, payload: dict[str, Any]) -> Gap:
    """Return the notice of a `feed_gap` event."""
    return Gap(
        topic=topic,
        cause="feed",
        start=payload.get("from"),
        end=payload.get("to"),
        detail=str(payload.get("detail") or f"feed {payload.get('feed')} did not deliver"),
    )
