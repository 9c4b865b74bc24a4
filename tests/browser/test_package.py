"""The npm package in Node, over a socket of the stage."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.browser.stage import START_MS, Stage
from tests.support.paths import CLIENT

pytestmark = pytest.mark.browser


@contextmanager
def node(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        ["node", *arguments],
        cwd=CLIENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.usefixtures("package")
def test_node_watches_trades_and_resumes(stage: Stage) -> None:
    url = stage.url.replace("http", "ws") + "socket"
    with node("examples/watch.mjs", url, "ESU4") as process:
        assert process.stdout is not None and process.stderr is not None
        wait_for(process, "open")
        stage.wait_join("market:realtime")
        stage.trade("ESU4", "5524.5", 3, at_ms=START_MS)
        assert process.stdout.readline() == "2024-07-01T13:30:00.000Z ESU4 3 @ 5524.5\n"
        last_id = stage.market.id
        stage.serving.stop()
        stage.market.joins.clear()
        stage.serving.start()
        wait_for(process, "{ recovered: true }")
        topic, params = stage.market.joins[0]
        assert (topic, params) == ("market:realtime", {"since": last_id, "symbols": ["ESU4"]})


def wait_for(process: subprocess.Popen[str], line: str) -> None:
    """Read the output of the process up to `line`."""
    assert process.stderr is not None
    for said in process.stderr:
        if said.strip() == line:
            return
    pytest.fail(f"the process ended without {line!r}")


@pytest.mark.usefixtures("package")
def test_the_package_has_types_for_all_it_exports() -> None:
    manifest = json.loads((CLIENT / "package.json").read_text())
    exported = manifest["exports"]["."]
    assert (CLIENT / exported["types"]).exists()
    script = f"import * as all from './{exported['default']}'; console.log(Object.keys(all).join())"
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", script],
        cwd=CLIENT,
        capture_output=True,
        text=True,
        check=True,
    )
    types = (CLIENT / exported["types"]).read_text()
    assert {"MarketFeed", "CandleStore", "decodeTicks"} <= set(done.stdout.strip().split(","))
    assert all(name in types for name in done.stdout.strip().split(","))
