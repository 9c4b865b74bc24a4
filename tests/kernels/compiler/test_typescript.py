"""The TypeScript bindings: complete, and accepted by the client's own compiler."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.support.kernels import own_kernel
from tests.support.paths import CLIENT
from tickfire.kernels.build import kernels_of, main
from tickfire.kernels.compiler.typescript import typescript
from tickfire.kernels.families import kernels

pytestmark = pytest.mark.timeout(600)


def test_a_kernel_becomes_an_export_a_signature_and_a_method() -> None:
    text = typescript(kernels_of([own_kernel]))
    assert (
        "  midpoint(high: number, highLength: number, low: number, lowLength: number,"
        " out: number, outLength: number): number;\n"
    ) in text
    assert '  midpoint: { parameters: [["high", "in"], ["low", "in"], ["out", "out"]] },\n' in text
    assert (
        "  /** Compute the middle of each bar. */\n"
        "  midpoint(high: Float64Array, low: Float64Array, out: Float64Array): number {\n"
    ) in text


def test_states_integers_and_longs_have_their_types() -> None:
    every = kernels()
    text = typescript([every[name] for name in ("vwap", "vwap_words", "wma", "wma_words")])
    assert (
        "vwap(ts: BigInt64Array, price: Float64Array, volume: Float64Array, sessionNs: bigint"
        in text
    )
    assert 'words: "wmaWords", wordsOf: ["period"] }' in text
    assert "int32(period)" in text


def test_the_clients_compiler_accepts_them(tmp_path: Path) -> None:
    compiler = CLIENT / "node_modules" / ".bin" / "tsc"
    assert compiler.exists(), "run make setup"
    (tmp_path / "bindings.ts").write_text(typescript(list(kernels().values())))
    (tmp_path / "use.ts").write_text(
        "import { type KernelName, type Kernels, SIGNATURES } from './bindings';\n"
        "export function use(k: Kernels, a: Float64Array): number {\n"
        "  const name: KernelName = 'macd';\n"
        "  const words: number = k.smaWords(14);\n"
        "  return words + k.sma(a, 14, a, a) + SIGNATURES[name].parameters.length;\n"
        "}\n"
    )
    options = {
        "target": "ES2022",
        "module": "ESNext",
        "moduleResolution": "bundler",
        "lib": ["ES2023", "DOM"],
        "types": [],
        "strict": True,
        "noUnusedLocals": True,
        "noUnusedParameters": True,
        "exactOptionalPropertyTypes": True,
        "verbatimModuleSyntax": True,
        "noEmit": True,
    }
    config = {"compilerOptions": options, "include": ["*.ts"]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(config))
    run = subprocess.run([compiler, "-p", tmp_path], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_a_file_of_ones_own_becomes_module_and_bindings(tmp_path: Path) -> None:
    out = tmp_path / "own.wasm"
    result = CliRunner().invoke(main, [own_kernel.__file__, "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"{out}: 1 kernels, ")
    assert out.read_bytes() == (tmp_path / "kernels.wasm").read_bytes()
    assert "midpoint" in (tmp_path / "bindings.ts").read_text()
