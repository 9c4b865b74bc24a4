"""The names of `tickfire.phoenix`, and what is imported for them."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import tickfire.phoenix
from tickfire.phoenix import ConnectError, JoinError, RefusalError, SetupError

OPTIONAL = {"httptools", "jwt", "nacl", "numba", "numpy", "redis", "uvicorn", "websockets"}


def test_importing_the_library_imports_nothing_of_its_extras() -> None:
    program = "import sys, tickfire.phoenix; print(*{name.split('.')[0] for name in sys.modules})"
    command = [sys.executable, "-c", program]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    imported = set(output.split())
    assert "starlette" in imported
    assert imported.isdisjoint(OPTIONAL)


def test_using_a_name_of_an_extra_imports_that_extra() -> None:
    program = """
import sys
import tickfire.phoenix
from tickfire.phoenix import PhoenixProtocol, RedisAdapter
assert {"redis", "uvicorn"} <= set(sys.modules)
assert tickfire.phoenix.PhoenixProtocol is PhoenixProtocol
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_names_of_extras_are_imported_when_they_are_used() -> None:
    from tickfire.phoenix import PhoenixProtocol, RedisAdapter

    assert {"PhoenixProtocol", "RedisAdapter"} <= set(dir(tickfire.phoenix))
    assert inspect.isclass(PhoenixProtocol)
    assert inspect.isclass(RedisAdapter)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        tickfire.phoenix.nonsense  # noqa: B018


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(vars(tickfire.phoenix), "RedisAdapter", raising=False)
    monkeypatch.delitem(sys.modules, "tickfire.phoenix.pubsub.redis", raising=False)
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(SetupError, match=r'RedisAdapter needs .*"tickfire-phoenix\[redis\]"'):
        tickfire.phoenix.RedisAdapter  # noqa: B018


def test_every_public_name_exists_and_is_documented() -> None:
    assert len(tickfire.phoenix.__all__) > 40
    for name in tickfire.phoenix.__all__:
        value = getattr(tickfire.phoenix, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__doc__, name


@pytest.mark.parametrize("error", [JoinError, ConnectError])
def test_refusals_have_one_form(error: type[RefusalError]) -> None:
    assert error({"reason": "full"}).payload == {"reason": "full"}
    assert error().payload == {}
    assert issubclass(error, RefusalError)
