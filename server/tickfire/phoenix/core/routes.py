"""Topic patterns and the channels that serve them.

==========================  ==============================  ====================================
pattern                     matches                         topic parameters
==========================  ==============================  ====================================
``lobby``                   ``lobby``                       none
``room:*``                  topics starting with ``room:``  none
``room:{room}``             ``room:1``, ``room:a:b``        ``room``: "1", "a:b"
``{tenant}:room:{room}``    ``acme:room:1``                 ``tenant``: "acme", ``room``: "1"
==========================  ==============================  ====================================

A parameter matches at least one character. It ends at the next colon, except for the last one of a
pattern, which matches the rest of the topic.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from tickfire.phoenix.core.interfaces import ChannelLike

type ChannelFactory = Callable[[], ChannelLike]
"""Function that returns a new channel; a Channel class, for example."""

# Names of parameters of `Channel.join`, which topic parameters must not have.
RESERVED = frozenset({"self", "topic", "payload", "socket"})

_PARAM = re.compile(r"\{([^{}]*)\}")
_PART, _REST = r"([^:]+)", r"(.+)"


class Routes:
    """Topic patterns in order of precedence.

    Parameters
    ----------
    channels
        Mapping of patterns to channel factories. The first pattern that matches wins.

    Raises
    ------
    ValueError
        If a pattern is malformed; the message says how.
    """

    def __init__(self, channels: Mapping[str, ChannelFactory]) -> None:
        self._exact: dict[str, ChannelFactory] = {}
        self._patterns: list[tuple[str, _Template | None, ChannelFactory]] = []
        for pattern, factory in channels.items():
            if "*" in pattern[:-1]:
                raise ValueError(f"topic pattern {pattern!r}: only the last character may be *")
            if "{" in pattern or "}" in pattern:
                template = _Template(pattern)
                self._patterns.append((template.prefix, template, factory))
            elif pattern.endswith("*"):
                self._patterns.append((pattern[:-1], None, factory))
            elif self.find(pattern) is None:
                self._exact[pattern] = factory

    def find(self, topic: str) -> ChannelFactory | None:
        """Return the factory of a topic's channel, or None if no pattern matches."""
        found = self._exact.get(topic)
        if found is not None:
            return found
        for prefix, template, factory in self._patterns:
            if not topic.startswith(prefix):
                continue
            if template is None:
                return factory
            params = template.match(topic)
            if params is not None:
                return _with_params(factory, params)
        return None


class _Template:
    """A pattern with parameters."""

    def __init__(self, pattern: str) -> None:
        literals, self._names = _PARAM.split(pattern)[::2], _PARAM.findall(pattern)
        self.prefix = literals[0]
        if any(mark in literal for literal in literals for mark in "{}*"):
            raise ValueError(f"topic pattern {pattern!r}: write parameters as {{name}}, without *")
        for name in self._names:
            if not name.isidentifier() or name in RESERVED or self._names.count(name) > 1:
                raise ValueError(
                    f"topic pattern {pattern!r}: {name!r} cannot name a parameter; use each "
                    f"identifier once, and none of {', '.join(sorted(RESERVED))}"
                )
        gaps = [_PART] * (len(self._names) - 1) + [_REST, ""]
        parts = zip(map(re.escape, literals), gaps, strict=True)
        self._regex = re.compile("".join(part for pair in parts for part in pair), re.DOTALL)

    def match(self, topic: str) -> dict[str, str] | None:
        """Return the parameters of a topic, or None if the topic does not match."""
        found = self._regex.fullmatch(topic)
        return None if found is None else dict(zip(self._names, found.groups(), strict=True))


def merge_channels(
    first: Mapping[str, ChannelFactory], second: Mapping[str, ChannelFactory]
) -> Mapping[str, ChannelFactory]:
    """Return the patterns of both mappings, those of the first taking precedence."""
    return {**first, **{key: second[key] for key in second if key not in first}}


def _with_params(factory: ChannelFactory, params: dict[str, str]) -> ChannelFactory:
    def make() -> ChannelLike:
        channel = factory()
        channel.topic_params = params
        return channel

    return make


def join_arguments(channel: ChannelLike) -> dict[str, str]:
    """Return the topic parameters that the `join` of a channel accepts as keyword arguments."""
    if not channel.topic_params:
        return {}
    names = _named(type(channel).join)
    if names is None:
        return dict(channel.topic_params)
    return {name: value for name, value in channel.topic_params.items() if name in names}


@lru_cache(maxsize=1024)
def _named(join: Callable[..., Any]) -> frozenset[str] | None:
    """Return the parameter names of a function, or None if it accepts ``**kwargs``."""
    parameters = inspect.signature(join).parameters
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values()):
        return None
    return frozenset(parameters)
