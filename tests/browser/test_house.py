"""The page of a whole `tickfire dev`: live candles at the stream's price."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from websockets.sync.client import connect

from tests.support.browser.chromium import Chart, OpenPage, check_chart
from tests.support.browser.house import house
from tests.support.eventually import wait_until
from tests.support.paths import ROOT
from tests.support.processes import child_of, find_child

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]

DBN: Final = ROOT.parent / "shared" / "data" / "dbn"

ESU4: Final = {"FEED": str(DBN / "esu4-mbp-1-20240701.dbn.zst"), "SPEED": "2"}
"""Four minutes of trades, slow enough that they last until a busy machine has opened a page."""
LEAN: Final = {"FEED": str(DBN / "lean_20131008_0930_1000_mixed.dbn.zst"), "SPEED": "10"}
needs_data = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not DBN.parents[1].exists(), reason="there is no ../shared"),
]


@dataclass
class Listener:
    """A separate client of `market:realtime`: the last price of each symbol at each id."""

    prices: dict[str, dict[str, str]] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self, frame: str | bytes) -> None:
        _, _, _, event, payload = json.loads(frame)
        if event != "tick":
            return
        with self.changed:
            latest = next(reversed(self.prices.values()), {})
            self.prices[payload["id"]] = {**latest, payload["symbol"]: payload["price"]}
            self.changed.notify_all()

    def price(self, symbol: str, position: str) -> str | None:
        """Wait for the tick with id `position`; return the symbol's last price by then."""
        with self.changed:
            assert self.changed.wait_for(lambda: position in self.prices, 60)
            return self.prices[position].get(symbol)


@contextmanager
def listening(url: str) -> Iterator[Listener]:
    """Join `market:realtime` with a plain WebSocket."""
    listener = Listener()
    address = f"{url.replace('http', 'ws')}socket/websocket?vsn=2.0.0"
    with connect(address) as websocket:
        websocket.send(json.dumps(["1", "1", "market:realtime", "phx_join", {}]))
        websocket.recv()

        def read() -> None:
            for frame in websocket:
                listener.take(frame)

        reader = threading.Thread(target=read)
        reader.start()
        try:
            yield listener
        finally:
            websocket.close()
            reader.join()


def shown(chart: Chart) -> dict[str, Any]:
    """Return symbol, last price and position as the page shows them at one moment."""
    data: dict[str, Any] = chart.page.evaluate("() => ({ ...document.documentElement.dataset })")
    return data


@pytest.mark.parametrize(
    ("settings", "symbol", "candles"),
    [
        pytest.param(ESU4, "ESU4", 4, id="esu4", marks=needs_data),
        pytest.param(LEAN, "SPY", 12, id="lean", marks=needs_data),
    ],
)
@pytest.mark.usefixtures("static")
def test_live_candles_of_a_file(
    open_page: OpenPage, tmp_path: Path, settings: dict[str, str], symbol: str, candles: int
) -> None:
    with house(settings, tmp_path / "log") as (url, _):
        check_live_candles(url, open_page, tmp_path, symbol, candles)


def check_live_candles(
    url: str, open_page: OpenPage, folder: Path, symbol: str, candles: int
) -> None:
    """Assert that a page draws candles whose last price is that of the stream."""
    with listening(url) as listener:
        chart = open_page(url, symbol=symbol, interval="1s", renderer="webgpu", live=False)
        chart.wait_live(candles, timeout_ms=60_000)
        picture = chart.shoot(str(folder / "page.png"))
        check_chart(chart, picture, both_colors=symbol != "ESU4")
        # A trade that came after the listener had joined.
        chart.page.wait_for_function(
            "n => Number(document.documentElement.dataset.ticks) > n + 1",
            arg=int(chart.data("ticks")),
        )
        assert shown(chart)["symbol"] == symbol

        def agree() -> bool:
            data = shown(chart)
            if not data["position"]:
                return False
            # Unknown until the symbol has traded since the listener joined.
            wanted = listener.price(symbol, data["position"])
            return wanted is not None and bool(data["lastPrice"] == wanted)

        # The symbol's own topic may be one trade ahead of the common one for a moment.
        wait_until(agree, "the last price is that of the position")
        assert chart.complaints == []


@pytest.fixture(scope="module")
def simulated(static: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """The URL and the process id of a house with the simulated market."""
    assert static.exists()
    with house({}, tmp_path_factory.mktemp("simulated") / "log") as running:
        yield running


def test_live_candles_of_the_simulated_market(
    simulated: tuple[str, int], open_page: OpenPage, tmp_path: Path
) -> None:
    check_live_candles(simulated[0], open_page, tmp_path, "ESZ6", 12)


RECOVERY: Final = """
window.recovery = (settleMs) => new Promise((resolve) => {
  const { dataset } = document.documentElement;
  const begun = performance.now();
  let ticks = null;
  const timer = setInterval(() => {
    const elapsed = performance.now() - begun;
    if (elapsed < settleMs) return;
    ticks ??= Number(dataset.ticks);
    if (dataset.state !== "live" || Number(dataset.ticks) <= ticks) return;
    clearInterval(timer);
    resolve(elapsed);
  }, 50);
});
"""
RECOVERY_MS: Final = 60_000
"""Far more than it takes, as other tests may have most of the machine."""
SETTLE_MS: Final = 1000
"""Time after which every dependent process has noticed a killed one."""


def test_the_page_outlives_each_process(simulated: tuple[str, int], open_page: OpenPage) -> None:
    url, pid = simulated
    chart = open_page(url, symbol="ESZ6", interval="1s", init=RECOVERY)
    chart.page.evaluate("() => { window.sameDocument = true; }")
    for name in ("serve", "ingest", "gateway", "redis", "news"):
        # One that depends on the process killed before may be starting again.
        wait_until(lambda name=name: find_child(pid, name) is not None, f"{name} runs")  # type: ignore[misc]
        os.kill(child_of(pid, name), signal.SIGKILL)
        # Measured in the page: the driver is slow while many frames come.
        elapsed = chart.page.evaluate("ms => window.recovery(ms)", SETTLE_MS)
        assert elapsed < RECOVERY_MS, f"{name}: {elapsed:.0f} ms"
    assert chart.page.evaluate("() => window.sameDocument")
