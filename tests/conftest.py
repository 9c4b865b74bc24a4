"""Fixtures of all tests: recorded data, Hypothesis profiles, a Valkey; tests in parallel."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

from tests.support.paths import SHARED
from tests.support.process_state import environment_restored, logging_restored
from tests.support.valkey import Valkey

pytest_plugins = ["tests.conformance.summary"]

# The machine may be busy with the system under test, so no example has a deadline.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("default"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Variables that keep numerical libraries from threads of their own: where other workers have the
processor, they wait for each other, spinning, a hundred times as long as one thread works."""

MAX_MORE_WORKERS: Final = 4
"""Number of workers that there may be more than cores: each needs up to 1 GB."""


def pytest_configure() -> None:
    """Set what workers of tests and programs that tests start inherit.

    Ctrl-C ends such programs, also if what has started the tests ignores it: a shell ignores it for
    all that it runs in the background, and so would their children. Numerical libraries of tests,
    which are not loaded yet, use one thread; those of our commands do as they do for users.
    """
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Choose the number of workers: up to twice that of the cores, as tests wait half of the time.

    A single file needs none: they would take longer to start than it to run.
    """
    is_one_file = len(config.args) == 1 and ".py" in config.args[0]
    cores = len(os.sched_getaffinity(0))
    return 0 if is_one_file else min(2 * cores, cores + MAX_MORE_WORKERS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests that need ../shared where there is no such folder; order the files.

    Workers take whole files one after another. Those in the browser come first, so that they share
    it, then the files of slow tests: none of them is left for the end, when other workers have
    nothing more to do.
    """
    if not SHARED.exists():
        for item in items:
            if item.get_closest_marker("shared_data"):
                item.add_marker(pytest.mark.skip(reason="there is no folder ../shared"))
    if "PYTEST_XDIST_WORKER" in os.environ:
        slow = {item.path for item in items if item.get_closest_marker("slow")}
        browser = {item.path for item in items if item.get_closest_marker("browser")}
        items.sort(key=lambda item: (item.path not in browser, item.path not in slow))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Escape lone surrogates in captured output, which a worker could not send."""
    report = yield
    report.sections = [
        (title, text.encode("utf8", "backslashreplace").decode()) for title, text in report.sections
    ]
    return report


@pytest.fixture(autouse=True)
def _process_state() -> Iterator[None]:
    """Restore what a command that runs in the test's own process sets for good.

    That is the log, and the environment variables by which it configures the processes it starts.
    """
    with environment_restored(), logging_restored():
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder ../shared."""
    return SHARED


@pytest.fixture(scope="session")
def shared_valkey() -> Iterator[Valkey]:
    """The Valkey of all tests that do not stop it."""
    server = Valkey()
    yield server
    server.close()


@pytest.fixture
def valkey(shared_valkey: Valkey) -> Valkey:
    """The shared Valkey, emptied."""
    shared_valkey.client.flushall()
    return shared_valkey
