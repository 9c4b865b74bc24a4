"""Built and generated files: sizes, compatibility with the headers, the schema, the lock file."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import CLIENT

MAX_SCRIPT_BYTES = 240_000  # what the page loads at once, before compression


def test_schema_ts_is_what_the_record_layouts_say() -> None:
    script = CLIENT / "scripts" / "gen_schema.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_lock_file_names_no_registry() -> None:
    lock = (CLIENT / "package-lock.json").read_text()
    assert "resolved" not in lock
    assert not re.search(r"https?://[^\"]*registry", lock)


@pytest.mark.browser
def test_scripts_are_small(static: Path) -> None:
    names = set(re.findall(r"assets/[^\"]+\.js", (static / "index.html").read_text()))
    assert names
    assert sum((static / name).stat().st_size for name in names) < MAX_SCRIPT_BYTES


@pytest.mark.browser
def test_the_page_holds_nothing_inline(static: Path) -> None:
    html = (static / "index.html").read_text()
    assert "<style" not in html
    assert " style=" not in html
    assert not re.search(r"\son\w+=", html)
    scripts = re.findall(r"<script[^>]*>", html)
    assert scripts
    assert all("src=" in tag for tag in scripts)


@pytest.mark.browser
def test_the_shader_is_served_as_it_is_written(static: Path) -> None:
    source = CLIENT / "shaders" / "candles.wgsl"
    assert (static / "candles.wgsl").read_bytes() == source.read_bytes()
