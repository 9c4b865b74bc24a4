"""Event loops for commands, and their shutdown on signals."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def run_loop[T](main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on uvloop, or on asyncio's own loop where uvloop is not installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def on_signals(
    callback: Callable[[signal.Signals], object],
    signals: Iterable[signal.Signals] = STOP_SIGNALS,
) -> None:
    """Register a callback for signals with the running event loop.

    SIGHUP is skipped if it is ignored, as it is under ``nohup``.
    """
    loop = asyncio.get_running_loop()
    for number in signals:
        if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
            continue
        loop.add_signal_handler(number, callback, number)


def stop_event(signals: Iterable[signal.Signals] = STOP_SIGNALS) -> asyncio.Event:
    """Return an event that is set on any of the signals."""
    stop = asyncio.Event()
    on_signals(lambda _: stop.set(), signals)
    return stop


async def until_stopped(main: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine until it ends, or until SIGINT or SIGTERM cancels it.

    Raises
    ------
    Exception
        Any exception raised by `main`; for an exception group, the first of its exceptions.
    """
    task = asyncio.ensure_future(main)
    on_signals(lambda _: task.cancel())
    try:
        await task
    except asyncio.CancelledError:
        return
    except ExceptionGroup as group:
        first: Exception = group
        while isinstance(first, ExceptionGroup):
            first = first.exceptions[0]
        raise first from None
