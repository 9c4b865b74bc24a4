"""V8, the engine of Chromium and node, gives native's bits too."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.kernels.engines import wasm_bytes
from tests.support.kernels.vectors import vectors


@pytest.mark.timeout(300)
@pytest.mark.parametrize("tier", ["--liftoff-only", "--no-liftoff"])
def test_v8_gives_the_bits_of_native_in_either_tier(tier: str, tmp_path: Path) -> None:
    made, blob = vectors()
    (tmp_path / "kernels.wasm").write_bytes(wasm_bytes())
    (tmp_path / "vectors.json").write_text(json.dumps(made))
    (tmp_path / "blob").write_bytes(blob)
    script = Path(__file__).with_name("vectors.mjs")
    files = [tmp_path / name for name in ("kernels.wasm", "vectors.json", "blob")]
    run = subprocess.run(
        ["node", tier, script, *files], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(f"{len(made)} vectors, ")
