"""Messages of the set-up on a machine that lacks a tool."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.paths import ROOT

NEED = ROOT / ".ci" / "need"
NO_VENV = f'case "$2" in *ensurepip*) exit 1 ;; esac; exec {sys.executable} "$@"'

Machine = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine that has a shell, `ls`, and the programs that a test gives it as scripts."""
    (tmp_path / "ls").symlink_to("/bin/ls")

    def ask(tool: str, programs: dict[str, str], **env: str) -> subprocess.CompletedProcess[str]:
        for name, script in programs.items():
            (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
            (tmp_path / name).chmod(0o755)
        clean = {"PATH": str(tmp_path), "HOME": str(tmp_path), **env}
        return subprocess.run(
            ["/bin/sh", str(NEED), tool], env=clean, capture_output=True, text=True, timeout=60
        )

    return ask


def assert_asks_for(result: subprocess.CompletedProcess[str], words: str) -> None:
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith("tickfire: ")
    assert result.stderr.count("\n") == 1
    assert words in result.stderr


def test_a_python_that_refuses_to_run_is_passed_over(machine: Machine, tmp_path: Path) -> None:
    shims = {"python3.13": "exit 127", "python3": f'exec {sys.executable} "$@"'}
    assert machine("python", shims).stdout == f"{tmp_path}/python3\n"


def test_a_version_of_pyenv_is_found_past_its_shims(machine: Machine, tmp_path: Path) -> None:
    hidden = tmp_path / ".pyenv" / "versions" / "3.12.9" / "bin"
    hidden.mkdir(parents=True)
    (hidden / "python3").symlink_to(sys.executable)
    assert machine("python", {"python3": "exit 127"}).stdout == f"{hidden}/python3\n"


@pytest.mark.parametrize("tool", ["python", "venv"])
@pytest.mark.parametrize("programs", [{}, {"python3": "exit 1"}])
def test_without_a_python_it_says_so(machine: Machine, tool: str, programs: dict[str, str]) -> None:
    assert_asks_for(machine(tool, programs), "Python 3.12 or newer was not found")


def test_a_python_without_venv_is_told_apart(machine: Machine) -> None:
    assert_asks_for(machine("venv", {"python3": NO_VENV}), "-venv on Debian")


@pytest.mark.parametrize("programs", [{}, {"python3": NO_VENV}])
def test_uv_is_used_where_python_will_not_do(machine: Machine, programs: dict[str, str]) -> None:
    assert machine("venv", {**programs, "uv": "exit 0"}).stdout == "uv\n"


@pytest.mark.parametrize("programs", [{}, {"node": "exit 1", "npm": "exit 0"}, {"node": "exit 0"}])
def test_without_a_node_that_will_do_it_says_so(machine: Machine, programs: dict[str, str]) -> None:
    assert_asks_for(machine("node", programs), "Node.js 20.19 or newer")


def test_a_node_with_npm_is_found(machine: Machine, tmp_path: Path) -> None:
    assert machine("node", {"node": "exit 0", "npm": "exit 0"}).stdout == f"{tmp_path}/node\n"


def test_a_vulkan_driver_is_the_one_that_the_environment_names(
    machine: Machine, tmp_path: Path
) -> None:
    driver = tmp_path / "driver.json"
    linux = {"uname": "echo Linux"}
    asked = machine("vulkan", linux, VK_DRIVER_FILES=str(driver))
    assert_asks_for(asked, "apt-get install mesa-vulkan-drivers")
    driver.write_text("{}")
    assert machine("vulkan", linux, VK_DRIVER_FILES=str(driver)).stdout == f"{driver}\n"


def test_chromium_is_the_one_that_is_named_first(machine: Machine, tmp_path: Path) -> None:
    programs = {"chromium": "exit 0", "mine": "exit 0"}
    assert machine("chromium", programs).stdout == f"{tmp_path}/chromium\n"
    assert machine("chromium", programs, CHROMIUM="mine").stdout == f"{tmp_path}/mine\n"
    assert_asks_for(machine("chromium", {"chromium": "exit 1"}), "set CHROMIUM to its path")
    shell = {"chromium-headless-shell": "exit 0"}
    assert machine("chromium", programs | shell).stdout == f"{tmp_path}/chromium-headless-shell\n"
