"""Indicators from the npm package, in an application bundled separately."""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from tests.support.browser.serving import Serving
from tests.support.browser.stage import WithHeaders
from tests.support.paths import CLIENT
from tickfire.kernels import native

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]  # kernels may have to be compiled

APPLICATION = """
import { Compute, IndicatorError } from "tickfire";

globalThis.run = async (bars) => {
  const failures = [];
  const compute = new Compute({ onFailure: (reason) => failures.push(reason) });
  const columns = Object.entries(bars).map(([name, each]) => [name, Float64Array.from(each)]);
  compute.history("ESU4", "1m").set(Object.fromEntries(columns));
  const ema = compute.indicator("ema", { period: 5 });
  const band = compute.indicator("bollinger", { period: 5, width: 2.5 });
  await compute.settled();
  let refusal = "";
  try {
    compute.indicator("ema", { length: 5 });
  } catch (error) {
    refusal = error instanceof IndicatorError ? error.message : `not ours: ${error}`;
  }
  const { shared } = compute;
  const results = { ema: [...ema.values], upper: [...band.outputs.upper] };
  compute.dispose();
  return { shared, refusal, failures, ...results };
};
"""
PAGE = '<!doctype html><title>app</title><script type="module" src="./main.js"></script>'


@pytest.fixture(scope="module")
def application(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build an application that imports the package by name."""
    folder = tmp_path_factory.mktemp("application")
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "tickfire").symlink_to(package.parent)
    (folder / "index.html").write_text(PAGE)
    (folder / "main.js").write_text(APPLICATION)
    (folder / "package.json").write_text(json.dumps({"name": "application", "type": "module"}))
    vite = CLIENT / "node_modules" / ".bin" / "vite"
    options = ["--outDir", "built", "--logLevel", "error", "--assetsInlineLimit", "0"]
    subprocess.run([str(vite), "build", *options], cwd=folder, check=True)
    return folder / "built"


@pytest.fixture
def url(application: Path) -> Iterator[str]:
    files = StaticFiles(directory=str(application), html=True)
    app = Starlette(routes=[Mount("/", files)], middleware=[Middleware(WithHeaders)])
    serving = Serving(app)
    serving.start()
    yield serving.url
    serving.stop()


@pytest.mark.parametrize("isolated", [True, False], ids=["shared", "transferred"])
def test_a_bundled_application_computes_with_the_bits_of_native(
    browser: Browser, url: str, isolated: bool
) -> None:
    rng = np.random.default_rng(3)
    close = 100.0 + np.cumsum(rng.integers(-4, 5, 50) / 4)
    names = ("open", "high", "low", "close")
    bars = {name: close.tolist() for name in names}
    bars |= {"time": (60_000.0 * np.arange(50)).tolist(), "volume": [1.0] * 50}
    page = browser.new_page()
    page.goto(url if isolated else url.replace("127.0.0.1", "insecure.test"))
    page.wait_for_function("globalThis.run !== undefined")
    made = page.evaluate("bars => run(bars)", bars)
    page.context.close()
    assert made["shared"] is isolated
    assert made["failures"] == []
    assert made["refusal"] == 'ema has no parameter "length"; it takes period, source'
    for got, want in (
        (made["ema"], native.ema(close, 5)),
        (made["upper"], native.bollinger(close, 5, 2.5).upper),
    ):
        np.testing.assert_array_equal(np.array(got, np.float64), want)


@pytest.mark.usefixtures("application")
def test_the_example_runs_in_node_without_a_worker() -> None:
    done = subprocess.run(
        ["node", "examples/indicators.mjs"],
        cwd=CLIENT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    close = np.array([100 + 5 * math.sin(i / 4) for i in range(40)])
    ema, rsi = native.ema(close, 10)[-1], native.rsi(close, 14)[-1]
    assert done.stdout == f"EMA 10: {ema:.4f}\nRSI 14: {rsi:.4f}\n"
