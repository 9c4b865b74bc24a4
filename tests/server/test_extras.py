"""Commands that need an extra, where its packages are not installed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import assert_one_sentence, run
from tests.support.paths import ROOT
from tickfire.archive.target import Target
from tickfire.base import extras
from tickfire.base.errors import UsageError
from tickfire.server.cli import COMMANDS
from tickfire.server.signals import IGNORED

COMMAND_LINES = {
    "archive": (
        ("record", "FOLDER"),
        ("query", "SELECT 1", "--archive", "FOLDER"),
        ("serve", "--dev", "--archive", "FOLDER"),
        ("dev", "--record", "FOLDER"),
        ("gateway", "--file", "FOLDER"),
        ("bars", "FOLDER"),
    ),
    "history": (
        ("backfill", "--symbols", "ESU4", "--start", "1d", "--key", "k", "--cache", "FOLDER"),
        ("ingest", "--symbols", "ESU4", "--history", "1d", "--key", "k"),
    ),
    "jwt": (
        ("serve", "--jwt-key", "k" * 32),
        ("serve", "--jwks-url", "https://issuer.example/keys"),
    ),
    "render": (("chart", "ESU4"),),
    "train": (("train", "--data", "FOLDER"),),
}


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """Undo what `serve` does to signals."""
    before = {number: signal.getsignal(number) for number in IGNORED}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("extra", "line"), [(extra, line) for extra, lines in COMMAND_LINES.items() for line in lines]
)
def test_a_missing_extra_is_an_error_in_the_settings_with_the_command_that_installs_it(
    extra: str, line: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "_commits").mkdir()
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    name, *arguments = (str(tmp_path) if word == "FOLDER" else word for word in line)
    with pytest.raises(UsageError, match=rf"pip install 'tickfire\[{extra}\]'\.$"):
        COMMANDS[name].load().main(arguments, standalone_mode=False)


def test_processes_start_without_any_extra(tmp_path: Path) -> None:
    modules = [module for packages in extras.PACKAGES.values() for module in packages]
    hidden = f"import sys; sys.modules |= dict.fromkeys({modules})"
    (tmp_path / "sitecustomize.py").write_text(hidden)
    code = (
        "from tickfire.server.worker.arguments import Serving; Serving.parse(['--dev'], '')\n"
        "from tickfire.server.cli import COMMANDS\n"
        "for name in COMMANDS: COMMANDS[name].load()"
    )
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_service_manager_does_not_restart_a_command_without_its_extra(tmp_path: Path) -> None:
    hidden = "import sys; sys.modules['duckdb'] = None"
    (tmp_path / "sitecustomize.py").write_text(hidden)
    result = run("record", str(tmp_path / "archive"), PYTHONPATH=str(tmp_path))
    words = "tickfire record needs duckdb, not installed here: pip install 'tickfire[archive]'."
    assert_one_sentence(result, words, exit_code=2)
    unit = (ROOT / "deploy/systemd/tickfire-.service.d/common.conf").read_text()
    assert "RestartPreventExitStatus=2\n" in unit


def test_the_packages_of_extras_are_those_of_the_distribution() -> None:
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    library = tomllib.loads((ROOT / "server/pyproject.toml").read_text())["project"]
    needs = known["optional-dependencies"] | {"jwt": library["optional-dependencies"]["jwt"]}
    for extra, packages in extras.PACKAGES.items():
        named = {re.split(r"[\[>=<~!;]", need)[0].lower() for need in needs[extra]}
        assert {package.lower() for package in packages.values()} == named


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("sftp://me:hunter2@host/ticks", "pip install paramiko."),
        ("nowhere://bucket", "Protocol not known: nowhere."),
    ],
)
def test_an_archive_whose_file_system_is_missing_is_an_error_in_the_settings(
    address: str, words: str
) -> None:
    with pytest.raises(UsageError) as caught:
        Target(address)
    assert str(caught.value).endswith(words) and "hunter2" not in str(caught.value)
