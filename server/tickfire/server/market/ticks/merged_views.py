"""Views that show the ticks of another view merged."""

from __future__ import annotations

from typing import Any

from tickfire.server.market.ticks.conflation import Conflation
from tickfire.server.market.ticks.encode import Ticks
from tickfire.server.market.ticks.positions import Bounds, Positions, Unfinished
from tickfire.server.market.ticks.source import TickData
from tickfire.server.market.ticks.views import Mask, View
from tickfire.store.schema import Stream


class MergedView:
    """A view that shows what another does, with the ticks of each entry merged.

    Parameters
    ----------
    view : View
        The other view; if that one is merged itself, the view that it shows merged.
    name : str

    Attributes
    ----------
    inner : View
        Encodes the merged ticks.
    """

    def __init__(self, view: View, name: str) -> None:
        self.inner: View = view.inner if isinstance(view, MergedView) else view
        self.topic, self.serializer = view.topic, view.serializer
        self.name = name

    def wanted(self, data: TickData) -> Mask | None:
        """Return the mask of the chosen instruments; see `View`."""
        return self.inner.wanted(data)

    def encode(
        self,
        data: TickData,
        stream: Stream,
        ticks: Ticks,
        positions: Positions,
        *,
        live: bool,
        bounds: Bounds | None = None,
    ) -> tuple[bytes, int]:
        """Merge and encode one entry on its own, for a client that catches up; see `View`."""
        conflation = Conflation(ticks.first)
        conflation.take(ticks, self.wanted(data))
        return conflation.encode(self.inner, data, stream, positions)

    def quote(self, data: TickData) -> dict[str, Any] | None:
        """Return the top of book; see `View`."""
        return self.inner.quote(data)


class ConflatedView(MergedView):
    """A view that shows what another does, in at most `max_hz` writes a second.

    Parameters
    ----------
    inner : View
        Encodes the conflated ticks.
    max_hz : float
        Greater than 0.
    """

    def __init__(self, inner: View, max_hz: float) -> None:
        super().__init__(inner, f"{inner.name}/@{max_hz:g}")
        self.interval_s = 1 / max_hz


class BacklogView(MergedView):
    """A view that shows the backlog of a slow client, with all ticks of a chunk merged.

    Views of the same inner view are equal.
    """

    def __init__(self, view: View) -> None:
        super().__init__(view, f"{view.name}/backlog")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BacklogView) and other.inner is self.inner

    def __hash__(self) -> int:
        return hash((BacklogView, self.inner))


class UnfinishedView(MergedView):
    """A view that shows the rest of a merged write, of which a client has the first ticks.

    Views of the same inner view and rest are equal.

    Parameters
    ----------
    view : View
    stream : Stream
    rest : Unfinished
    """

    def __init__(self, view: View, stream: Stream, rest: Unfinished) -> None:
        super().__init__(view, f"{view.name}/{stream}~{rest.sent}~{rest.end}")
        self.stream, self.rest = stream, rest

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, UnfinishedView)
            and other.inner is self.inner
            and (other.stream, other.rest) == (self.stream, self.rest)
        )

    def __hash__(self) -> int:
        return hash((UnfinishedView, self.inner, self.stream, self.rest))
