"""Channel methods that handle one event each: `@event("name")`.

`add_event_methods` replaces the `handle_in` of a class by one that looks up the method for an
event, and passes all other events on to the original `handle_in`.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import msgspec

from tickfire.phoenix.core.results import Reply

type Method = Callable[[Any, Any, Any], Coroutine[Any, Any, Any]]
"""Coroutine function that is called with (channel, payload, socket)."""

_MARK = "__phoenix_events__"
_TABLE = "_event_methods"

# Annotations for which the payload is not converted.
_UNCHECKED = (Any, object, inspect.Parameter.empty)


def event[F: Callable[..., Any]](name: str, payload: Any = None) -> Callable[[F], F]:
    """Make a method of a channel handle one event.

    ::

        class NewMessage(msgspec.Struct):
            text: str

        class Room(Channel):
            @event("new_msg")
            async def new_message(self, payload: NewMessage, socket: Socket) -> Reply:
                await socket.broadcast("new_msg", {"text": payload.text})
                return Reply()

    The method is called with the payload and the socket, and returns what `Channel.handle_in`
    returns. If the payload parameter is annotated with a `msgspec.Struct`, or with another type
    that msgspec can convert JSON values to, the payload is converted first. A payload that does
    not fit the type is answered with an error reply: ``{"reason": "invalid payload", "where":
    "$.text", "detail": "Expected `str`, got `int`"}``.

    Parameters
    ----------
    name
        Name of the event.
    payload : type, optional
        Type of the payload; overrides the annotation of the method.

    Raises
    ------
    TypeError
        If the method is not a coroutine function, or its annotation cannot be resolved.
    """

    def mark(method: F) -> F:
        if not inspect.iscoroutinefunction(method):
            raise TypeError(f"the method for the event {name!r} must be an `async def`")
        marks = method.__dict__.setdefault(_MARK, {})
        marks[name] = payload
        return method

    return mark


def add_event_methods(channel_class: type) -> None:
    """Make a new channel class dispatch events to its own and inherited event methods."""
    table: dict[str, Method] = {}
    for base in reversed(channel_class.__mro__):
        for attribute, value in vars(base).items():
            for name, payload in getattr(value, _MARK, {}).items():
                method = getattr(channel_class, attribute)
                table[name] = _converting(name, method, payload, vars(base))
    if table:
        setattr(channel_class, _TABLE, table)
        handle_in: Any = channel_class.handle_in  # type: ignore[attr-defined]
        if not hasattr(handle_in, _TABLE):
            channel_class.handle_in = _dispatching(handle_in)  # type: ignore[attr-defined]


def _dispatching(others: Callable[..., Any]) -> Callable[..., Any]:
    """Return a `handle_in` that calls event methods, and `others` for all other events."""

    def handle_in(self: Any, event: str, payload: Any, socket: Any) -> Any:
        method = getattr(self, _TABLE).get(event)
        if method is None:
            return others(self, event, payload, socket)
        return method(self, payload, socket)

    setattr(handle_in, _TABLE, True)
    return handle_in


def _converting(event: str, method: Method, payload: Any, names: Any) -> Method:
    """Return the method, wrapped to convert the payload first if its type requires it."""
    kind = _payload_type(event, method, names) if payload is None else payload
    if kind in _UNCHECKED:
        return method

    def convert(channel: Any, payload: Any, socket: Any) -> Coroutine[Any, Any, Any]:
        try:
            converted = msgspec.convert(payload, kind)
        except msgspec.ValidationError as error:
            return _refuse(error)
        return method(channel, converted, socket)

    return convert


def _payload_type(event: str, method: Method, names: Any) -> Any:
    parameters = list(inspect.signature(method).parameters.values())
    annotation = parameters[1].annotation if len(parameters) > 1 else inspect.Parameter.empty
    if annotation is inspect.Parameter.empty:
        return annotation
    given = SimpleNamespace(__annotations__={"payload": annotation})
    try:
        hints = typing.get_type_hints(given, inspect.unwrap(method).__globals__, dict(names))
    except NameError as error:
        raise TypeError(
            f"the payload type of the event {event!r} cannot be resolved ({error}); define it "
            "before the channel, or give it as event(name, payload=Type)"
        ) from None
    return hints["payload"]


async def _refuse(error: msgspec.ValidationError) -> Reply:
    detail, _, where = str(error).partition(" - at `")
    where = where.removesuffix("`") or "$"
    return Reply({"reason": "invalid payload", "where": where, "detail": detail}, "error")
