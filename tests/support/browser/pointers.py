"""A mouse and fingers whose events bear times of the test's own, however busy the machine is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Page

type Place = tuple[float, float]

STEP_S = 0.016
"""Time between two movements: one frame of most screens."""


class Pointers:
    """The mouse and the fingers on a page."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._now_s = 0.0

    def drag(self, path: Sequence[Place], *, touch: bool = False, pause_s: float = STEP_S) -> None:
        """Press at the first place, move through the others, and release after a pause."""
        press, *moves = path
        # Events are never ahead of the page's clock.
        self._now_s = time.time() - STEP_S * len(path) - pause_s
        send = self._touch if touch else self._mouse
        send("down", press)
        for place in moves:
            self._now_s += STEP_S
            send("move", place)
        self._now_s += pause_s
        send("up", path[-1])

    def pinch(self, start: tuple[Place, Place], end: tuple[Place, Place], steps: int = 5) -> None:
        """Put two fingers down, move both, and lift them."""
        self._now_s = time.time()
        self._fingers("touchStart", start)
        for step in range(1, steps + 1):
            share = step / steps
            places = [
                (x + (to_x - x) * share, y + (to_y - y) * share)
                for (x, y), (to_x, to_y) in zip(start, end, strict=True)
            ]
            self._fingers("touchMove", places)
        self._fingers("touchEnd", [])

    def _mouse(self, kind: str, place: Place) -> None:
        names = {"down": "mousePressed", "move": "mouseMoved", "up": "mouseReleased"}
        if kind == "down":
            self._dispatch("Mouse", type="mouseMoved", x=place[0], y=place[1])
        self._dispatch(
            "Mouse",
            type=names[kind],
            x=place[0],
            y=place[1],
            button="left",
            buttons=0 if kind == "up" else 1,
            clickCount=0 if kind == "move" else 1,
        )

    def _touch(self, kind: str, place: Place) -> None:
        names = {"down": "touchStart", "move": "touchMove", "up": "touchEnd"}
        self._fingers(names[kind], [] if kind == "up" else [place])

    def _fingers(self, kind: str, places: Sequence[Place]) -> None:
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
        self._dispatch("Touch", type=kind, touchPoints=points)

    def _dispatch(self, device: str, **event: Any) -> None:
        given = {**event, "timestamp": self._now_s}
        self._session.send(f"Input.dispatch{device}Event", given)


def line(start: Place, end: Place, moves: int = 6) -> list[Place]:
    """Return the places of a drag along a line."""
    return [
        (start[0] + (end[0] - start[0]) * k / moves, start[1] + (end[1] - start[1]) * k / moves)
        for k in range(moves + 1)
    ]
