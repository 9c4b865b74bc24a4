"""Topic patterns and the channels that serve them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tickfire.phoenix.core.interfaces import ChannelLike

type ChannelFactory = Callable[[], ChannelLike]
"""Returns a new channel; a Channel class, for example."""


class Routes:
    """Topic patterns in order of precedence.

    Parameters
    ----------
    channels
        Patterns with the factories of their channels. A pattern is a topic, or the beginning of
        one followed by `*`; the first that matches wins.

    Raises
    ------
    ValueError
        If a pattern has a `*` anywhere but at its end.
    """

    def __init__(self, channels: Mapping[str, ChannelFactory]) -> None:
        self._exact: dict[str, ChannelFactory] = {}
        self._prefixes: list[tuple[str, ChannelFactory]] = []
        for pattern, factory in channels.items():
            if "*" in pattern[:-1]:
                raise ValueError(f"topic pattern {pattern!r}: only the last character may be *")
            if pattern.endswith("*"):
                self._prefixes.append((pattern[:-1], factory))
            elif self.find(pattern) is None:
                self._exact[pattern] = factory

    def find(self, topic: str) -> ChannelFactory | None:
        """Return the factory for a topic's channel, None if no pattern matches."""
        found = self._exact.get(topic)
        if found is not None:
            return found
        for prefix, factory in self._prefixes:
            if topic.startswith(prefix):
                return factory
        return None
