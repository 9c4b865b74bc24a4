"""The npm package, packed and installed in a fresh Vite project: charts as its users make them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Route

from tests.support.browser.consumer import build, install, pack
from tests.support.browser.stage import START_MS, Market, Stage, staged
from tests.support.eventually import wait_until
from tests.support.paths import CLIENT, STATIC

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

REACT: Final = ("react", "react-dom", "scheduler")
CODEMIRROR: Final = (
    *("@codemirror", "@lezer", "@marijn"),
    *("crelt", "style-mod", "w3c-keyname"),
)
"""The packages that `tickfire/python` needs, and their dependencies."""
PAGE: Final = """<!doctype html>
<title>application</title>
<link rel="stylesheet" href="./page.css" />
<div id="chart"></div>
<script type="module" src="./{name}.js"></script>
"""
LIVE: Final = """
import { Socket } from "phoenix";
import { createChart } from "tickfire/chart";

const webgpuRenderer = createChart(document.querySelector("#chart"), { symbol: "ESU4" });
const socket = new Socket("/socket", { authToken: "" });
socket.connect();
const channel = socket.channel("market:realtime", {});
channel.on("tick", ({ symbol, price, volume, timestamp }) => {
  webgpuRenderer.updateCandle({
    symbol,
    price: parseFloat(price),
    volume: parseInt(volume),
    time: new Date(timestamp),
  });
});
channel.join();
Object.assign(window, { chart: webgpuRenderer });
"""
API: Final = """
import { createChart } from "tickfire/chart";
import { kernelIndicators } from "tickfire/compute";
Object.assign(window, { createChart, kernelIndicators });
"""
FEED: Final = """
import { MarketFeed } from "tickfire/feed";
new MarketFeed({ url: "/socket" }).connect();
"""
CHART: Final = """
import { createChart } from "tickfire/chart";
createChart(document.querySelector("#chart"));
"""
BARS: Final = """
const bars = Array.from({ length: 300 }, (_, i) => {
  const close = Math.round(10_000 + 500 * Math.sin(i / 9)) / 100;
  return { time: 60_000 * i, open: 100, high: 107, low: 94, close, volume: i };
});
const settle = () =>
  new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
const until = async (holds) => {
  while (!holds()) await settle();
};
const place = document.querySelector("#chart");
place.replaceChildren();
"""


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pack(tmp_path_factory.mktemp("packed"))


@pytest.fixture(scope="module")
def application(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("application")
    install(tarball, project, *REACT, *CODEMIRROR)
    (project / "page.css").write_text("#chart { height: 480px; }")
    for name, script in (("live", LIVE), ("api", API)):
        (project / f"{name}.html").write_text(PAGE.format(name=name))
        (project / f"{name}.js").write_text(script)
    for example in ("react", "python"):
        shutil.copytree(CLIENT / "examples" / example, project / example)
    (project / "public").mkdir()
    (project / "public" / "favicon.ico").touch()
    made = build(project, "live.html", "api.html", "react/index.html", "python/index.html")
    shutil.copytree(STATIC / "pyodide", made / "pyodide", copy_function=os.link)
    return made


@pytest.fixture
def stage(application: Path) -> Iterator[Stage]:
    with staged(Market(), application) as stage:
        yield stage


@pytest.fixture(scope="module")
def page(application: Path, browser: Browser) -> Iterator[Page]:
    """A page on which `createChart` can be called, under the product's own headers."""
    made = Stage(Market(), application)
    made.serving.start()
    opened = browser.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "console", lambda told: complaints.append(told.text) if told.type == "error" else None
    )
    opened.goto(f"{made.url}api.html")
    opened.wait_for_function("() => window.createChart !== undefined")
    yield opened
    assert complaints == []
    opened.context.close()
    made.serving.stop()


def watched(page: Page) -> list[str]:
    """Return the list that errors of the page are added to."""
    complaints: list[str] = []

    def listen(told: ConsoleMessage) -> None:
        if told.type == "error":
            complaints.append(told.text)

    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", listen)
    return complaints


def run(page: Page, script: str) -> Any:
    """Run a script on the page with `bars`, `place`, `settle` and `until`; return its result."""
    return page.evaluate(f"async () => {{ {BARS} {script} }}")


def count_in_picture(
    page: Page, picture: str, color: tuple[int, int, int], size_of: str | None = None
) -> int:
    """Return how many pixels of a picture have a colour.

    Parameters
    ----------
    page : Page
    picture : str
        JavaScript that returns the picture as a blob, or a promise of it.
    color : tuple of int
        Red, green and blue.
    size_of : str, optional
        Selector of an element; only the picture's upper left that has its size counts.
    """
    found: int = page.evaluate(
        """async ([picture, [red, green, blue], selector]) => {
          const bitmap = await createImageBitmap(picture);
          const part = selector === null
            ? bitmap : document.querySelector(selector).getBoundingClientRect();
          const { width, height } = part;
          const context = new OffscreenCanvas(width, height).getContext("2d");
          context.drawImage(bitmap, 0, 0);
          const { data } = context.getImageData(0, 0, width, height);
          let count = 0;
          for (let at = 0; at < data.length; at += 4) {
            if (data[at] === red && data[at + 1] === green && data[at + 2] === blue) count++;
          }
          return count;
        }""",
        [page.evaluate_handle(picture), list(color), size_of],
    )
    return found


def test_live_candles_from_stock_phoenix(stage: Stage, browser: Browser) -> None:
    page = browser.new_page()
    complaints = watched(page)
    page.goto(f"{stage.url}live.html")
    stage.wait_join("market:realtime")
    for minute in range(20):
        for second, price in enumerate(("5524.5", "5526.25", "5520", "5523.75")):
            at_ms = START_MS + 60_000 * minute + 1000 * second
            stage.trade("ESU4", price, 3, at_ms=at_ms)
            stage.trade("NQU4", "20019", 1, at_ms=at_ms)
    page.wait_for_function("() => chart.store.count === 20")
    page.wait_for_function("() => document.querySelector('.label-last')?.innerText === '5523.75'")
    bars = page.evaluate("() => Array.from({ length: 20 }, (_, i) => chart.store.bar(i))")
    assert bars == [
        {
            "time": START_MS + 60_000 * minute,
            **{"open": "5524.50", "high": "5526.25", "low": "5520.00", "close": "5523.75"},
            **{"volume": 12, "trades": 4, "vwap": "5523.625"},
        }
        for minute in range(20)
    ]
    falling = count_in_picture(page, "chart.toPNG()", (239, 83, 97))
    assert falling > 200  # pixels of falling candles
    assert complaints == []
    page.context.close()


def test_react_in_strict_mode_keeps_one_chart(stage: Stage, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{stage.url}react/index.html?symbol=ESU4")
    page.wait_for_selector(".label-last:not([hidden])")
    assert page.locator(".tickfire-chart").count() == 1
    assert page.evaluate("document.adoptedStyleSheets.length") == 1
    page.get_by_role("button", name="Light").click()
    page.wait_for_function(
        """() => getComputedStyle(document.querySelector(".tickfire-chart")).backgroundColor
          === "rgb(255, 255, 255)" """
    )
    page.context.close()


@pytest.mark.slow
def test_an_indicator_in_python_is_drawn_as_it_is_typed(stage: Stage, browser: Browser) -> None:
    page = browser.new_page()
    complaints = watched(page)
    page.goto(f"{stage.url}python/index.html")
    titles = page.locator(".series-line")
    titles.filter(has_text="slow").wait_for(timeout=60_000)
    page.locator(".cm-content").click()
    keyboard = page.keyboard
    keyboard.press("Control+a")
    keyboard.type("def indicator(bars):\nreturn {'typed': bars.close", delay=20)
    fault = page.locator("#fault")
    fault.filter(has_text="SyntaxError, line 2").wait_for()
    assert page.locator(".cm-lintRange-error").count() == 1
    assert "slow" in titles.all_inner_texts()[0]
    keyboard.type("}")
    titles.filter(has_text="typed").wait_for()
    assert fault.inner_text() == ""
    colors = page.evaluate(
        """() => {
          const { shadowRoot } = document.querySelector("#editor > *");
          const { color, backgroundColor } = getComputedStyle(
            shadowRoot.querySelector(".cm-editor"));
          return [color, backgroundColor];
        }"""
    )
    assert colors == ["rgb(243, 246, 250)", "rgb(12, 16, 22)"]
    assert complaints == []
    page.context.close()


def built(tarball: Path, project: Path, script: str) -> list[str]:
    """Return the files that Vite makes of an application of one script."""
    install(tarball, project)
    (project / "page.css").write_text("#chart { height: 480px; }")
    (project / "index.html").write_text(PAGE.format(name="index"))
    (project / "index.js").write_text(script)
    made = build(project, "index.html")
    return sorted(path.suffix for path in made.rglob("*") if path.is_file())


def test_the_feed_alone_brings_no_worker_and_no_wasm(tarball: Path, tmp_path: Path) -> None:
    assert built(tarball, tmp_path, FEED) == [".css", ".html", ".js"]


def test_the_chart_alone_brings_no_worker_and_no_wasm(tarball: Path, tmp_path: Path) -> None:
    assert set(built(tarball, tmp_path, CHART)) == {".css", ".html", ".js"}


def test_destroy_leaves_the_page_as_it_was(page: Page) -> None:
    left = run(
        page,
        """
        const before = place.outerHTML;
        const one = createChart(place);
        const two = createChart(place, { renderer: "canvas2d" });
        one.setBars(bars);
        await until(() => place.querySelectorAll(".pane-canvas").length === 2);
        one.destroy();
        one.destroy();
        const shared = document.adoptedStyleSheets.length;
        two.destroy();
        one.updateCandle({ price: 1, time: 0 });
        one.fit();
        const late = await one.toPNG().catch((error) => error.message);
        await settle();
        return [before === place.outerHTML, shared, document.adoptedStyleSheets.length, late];
        """,
    )
    assert left == [True, 1, 0, "toPNG: the chart has been destroyed"]


def test_a_chart_destroyed_at_once_leaves_nothing(page: Page) -> None:
    left = run(
        page,
        """
        createChart(place).destroy();
        const kept = createChart(place);
        await until(() => place.querySelector(".pane-canvas") !== null);
        await settle();
        const count = place.children.length;
        kept.destroy();
        return [count, place.children.length];
        """,
    )
    assert left == [1, 0]


def test_a_shadow_root_has_the_styles_and_the_document_has_not(page: Page) -> None:
    seen = run(
        page,
        """
        const host = document.body.appendChild(document.createElement("div"));
        const root = host.attachShadow({ mode: "open" });
        const inner = root.appendChild(document.createElement("div"));
        inner.style.height = "300px";
        const chart = createChart(inner);
        chart.setBars(bars);
        await until(() => root.querySelector(".label-last:not([hidden])") !== null);
        const { position } = getComputedStyle(root.querySelector(".pane"));
        const sheets = [root.adoptedStyleSheets.length, document.adoptedStyleSheets.length];
        chart.destroy();
        const after = root.adoptedStyleSheets.length;
        host.remove();
        return { position, sheets, after };
        """,
    )
    assert seen == {"position": "absolute", "sheets": [1, 0], "after": 0}


def test_an_element_may_come_later_and_come_back(page: Page) -> None:
    seen = run(
        page,
        """
        const inner = document.createElement("div");
        inner.style.height = "300px";
        const chart = createChart(inner);
        chart.setBars(bars);
        chart.visibleRange({ from: bars[100].time, to: bars[200].time });
        await settle();
        const before = chart.visibleRange();
        let frames = 0;
        chart.on("frame", () => frames++);
        place.append(inner);
        await until(() => frames > 0 && chart.visibleRange() !== null);
        await until(() => inner.querySelector(".pane-canvas") !== null);
        const first = chart.visibleRange();
        inner.remove();
        await settle();
        chart.updateCandle({ price: 101, time: bars[299].time });
        place.append(inner);
        await settle();
        await settle();
        const again = chart.visibleRange();
        inner.hidden = true;
        await settle();
        inner.hidden = false;
        await settle();
        const { width } = inner.querySelector(".pane-canvas");
        chart.destroy();
        inner.remove();
        return { before, first, again, wide: width > 300 };
        """,
    )
    assert seen["before"] is None
    assert seen["first"] == {"from": 6_000_000, "to": 12_000_000}
    assert seen["again"] == seen["first"]
    assert seen["wide"]


def test_ranges_events_and_fit(page: Page) -> None:
    seen = run(
        page,
        """
        const chart = createChart(place, { symbol: "X", tickSize: 0.25 });
        const told = { range: [], click: [], crosshair: [] };
        const stops = Object.keys(told).map((name) => chart.on(name, (it) => told[name].push(it)));
        chart.setBars(bars);
        chart.fit();
        await until(() => told.range.length > 0);
        // It can be moved by mouse and keys.
        await until(() => place.querySelector(".axis-price[title]") !== null);
        const all = chart.visibleBars();
        chart.visibleRange({ from: new Date(bars[50].time), to: bars[80].time });
        const at = chart.visibleRange();
        await settle();
        Object.assign(window, { shown: chart, told, stops });
        return { all, at, last: told.range.at(-1) };
        """,
    )
    assert seen["all"]["left"] <= 0 and seen["all"]["right"] >= 300
    assert seen["at"] == {"from": 3_000_000, "to": 4_800_000} == seen["last"]
    box: Any = page.locator("#chart .pane").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 100)
    page.mouse.down()
    page.mouse.up()
    page.mouse.move(2, 2)
    seen = run(
        page,
        """
        await settle();
        const { told, stops, shown } = window;
        for (const stop of stops) stop();
        shown.fit();
        await settle();
        const counts = Object.values(told).map((each) => each.length);
        shown.destroy();
        return { click: told.click, crosshair: told.crosshair.at(-1), counts };
        """,
    )
    assert len(seen["click"]) == 1
    assert seen["click"][0]["time"] == 60_000 * 65
    assert seen["click"][0]["bar"]["volume"] == 65
    assert seen["click"][0]["price"] * 4 % 1 == 0
    assert seen["crosshair"] is None
    assert seen["counts"][1] == 1


def test_lines_markers_panes_series_and_csv(page: Page) -> None:
    seen = run(
        page,
        """
        const chart = createChart(place, { tickSize: "0.01" });
        chart.setBars(bars);
        const line = chart.priceLine({ price: 101.5, title: "stop", color: "#ff00ff" });
        const marks = chart.addMarkers([
          { time: bars[290].time, side: "above", tone: "up", glyph: "B", text: "bought" },
        ]);
        const pane = chart.addPane("spread", { height: 0.3 });
        chart.setSeries("spread", {
          title: "Spread, wide", pane: "spread",
          time: Float64Array.from(bars.slice(1), ({ time }) => time),
          plots: [{ label: "", values: new Float64Array(299).fill(2.5), color: "#5b8def" }],
        });
        await until(() => [".marker:not([hidden])", ".pane-legend"].every(
          (name) => place.querySelector(name) !== null));
        const texts = [".label-line", ".marker", ".pane-legend"].map(
          (name) => place.querySelector(name).textContent);
        line.update({ price: 102 });
        await settle();
        const moved = place.querySelector(".label-line").textContent;
        const csv = chart.toCSV().split("\\r\\n");
        line.remove();
        marks.remove();
        chart.removeSeries("spread");
        pane.remove();
        await settle();
        const gone = [".label-line", ".marker", ".pane-legend"].map(
          (name) => place.querySelector(`${name}:not([hidden])`));
        chart.destroy();
        return { texts, moved, csv: [csv[0], csv[1], csv[2], csv.length], gone };
        """,
    )
    assert seen["texts"] == ["stop 101.50", "B", "Spread, wide2.5000"]
    assert seen["moved"] == "stop 102.00"
    assert seen["csv"] == [
        'time,open,high,low,close,volume,trades,vwap,"Spread, wide"',
        "1970-01-01T00:00:00.000Z,100.00,107.00,94.00,100.00,0,0,,",
        "1970-01-01T00:01:00.000Z,100.00,107.00,94.00,100.55,1,0,,2.5",
        302,
    ]
    assert seen["gone"] == [None, None, None]


def test_a_picture_that_is_asked_for_at_once_has_the_candles(
    stage: Stage, browser: Browser
) -> None:
    page = browser.new_page()
    held: list[Route] = []
    page.route("**/canvas2d-*.js", lambda route: held.append(route))
    page.goto(f"{stage.url}api.html")
    page.wait_for_function("() => window.createChart !== undefined")
    with page.expect_response("**/png-*.js"):
        run(
            page,
            """
            const chart = createChart(place, { renderer: "canvas2d", theme: { up: "#00ff00" } });
            chart.setBars(bars);
            Object.assign(window, { picture: chart.toPNG() });
            """,
        )
    wait_until(lambda: page.evaluate("true") and held != [], "the renderer is asked for")
    for route in held:
        route.continue_()
    rising = count_in_picture(page, "window.picture", (0, 255, 0), size_of=".pane")
    assert rising > 200  # pixels of rising candles
    page.context.close()


def test_indicators_by_the_kernels(page: Page) -> None:
    seen = run(
        page,
        """
        const bare = createChart(place);
        const refusals = [];
        const refused = (act) => {
          try { act(); } catch (error) { refusals.push(`${error.name}: ${error.message}`); }
        };
        refused(() => bare.setIndicator("ema"));
        bare.destroy();
        const chart = createChart(place, { indicators: kernelIndicators() });
        chart.setBars(bars);
        chart.setIndicator("ema", { period: 5 });
        chart.setIndicator("ema", { period: 50 }, { id: "slow", color: "#00ff00" });
        chart.setIndicator("macd");
        refused(() => chart.setIndicator("emma"));
        refused(() => chart.setIndicator("ema", { length: 5 }));
        const value = () => [...place.querySelectorAll(".series-value")].map((e) => e.textContent);
        await until(() => value().length === 5 && !value().includes("—"));
        const ids = chart.seriesIds;
        const texts = [...place.querySelectorAll(".series-title")].map((e) => e.textContent);
        chart.setIndicator("ema", null);
        chart.removeIndicator("macd");
        await settle();
        const left = chart.seriesIds;
        chart.destroy();
        return { ids, texts, left, refusals };
        """,
    )
    assert seen["ids"] == ["ema", "slow", "macd"]
    assert seen["texts"][:2] == ["EMA 5", "EMA 50"]
    assert seen["left"] == ["slow"]
    assert "kernelIndicators()" in seen["refusals"][0]
    assert seen["refusals"][1].startswith('IndicatorError: there is no indicator "emma"; there are')
    assert seen["refusals"][2].endswith('ema has no parameter "length"; it takes period, source')


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("createChart(null)", "TypeError: createChart needs an element of the page, not null"),
        ("createChart('#chart')", "TypeError: createChart needs an element of the page"),
        ("createChart(place, { interval: '1 minute' })", "RangeError: interval must be a count"),
        ("createChart(place, { interval: 0 })", "RangeError: interval must be a whole number of"),
        ("createChart(place, { tickSize: -1 })", "RangeError: tickSize must not be negative"),
        ("createChart(place, { theme: 'blue' })", 'RangeError: theme must be "dark" or "light"'),
        ("createChart(place, { theme: { up: 'red' } })", "RangeError: not a colour: red"),
        ("chart.setBars({})", "TypeError: bars must be an array"),
        (
            "chart.setBars([{ time: 0, open: 1, high: 1, low: 2, close: 1 }])",
            "RangeError: bars[0]",
        ),
        ("chart.appendBars([bars[1], bars[0]])", "RangeError: bars[1].time is not after"),
        ("chart.updateCandle(null)", "TypeError: a tick must be an object"),
        (
            "chart.updateCandle({ price: NaN, time: 0 })",
            "RangeError: price must be finite, not NaN",
        ),
        ("chart.priceLine({ price: NaN })", "RangeError: price of a price line must be finite"),
        ("chart.addPane('price')", 'RangeError: there is a pane "price" already'),
        ("chart.visibleRange({ from: 1, to: 1 })", "RangeError: the visible range must end"),
        (
            "chart.on('hover', () => {})",
            'RangeError: there is no event "hover"; there are',
        ),
    ],
)
def test_misuse_is_told_by_name_and_leaves_the_chart_alone(
    page: Page, call: str, error: str
) -> None:
    told, count, children = run(
        page,
        f"""
        const chart = createChart(place);
        chart.setBars(bars);
        let told = "";
        try {{ {call}; }} catch (error) {{ told = `${{error.name}}: ${{error.message}}`; }}
        const seen = [told, chart.store.count, place.children.length];
        chart.destroy();
        return seen;
        """,
    )
    assert told.startswith(error)
    assert (count, children) == (300, 1)


TYPED: Final = """
import { AlertBook } from "tickfire/alerts";
import { type ChartPoint, createChart } from "tickfire/chart";
import { kernelIndicators } from "tickfire/compute";
import { MarketFeed } from "tickfire/feed";
import { SentimentModel } from "tickfire/models";
import { Draft, type Fault, PythonEditor, pythonIndicator } from "tickfire/python";
import { CandleStore } from "tickfire/store";
import { DrawingBook, drawingTools } from "tickfire/tools";
import * as all from "tickfire";

const chart = createChart(document.body, { symbol: "X", indicators: kernelIndicators() });
const isFolded: boolean = chart.updateCandle({ price: "1.5", volume: 2, time: new Date() });
const stop: () => void = chart.on("crosshair", (point: ChartPoint | null) => point?.price);
// @ts-expect-error: there is no such event
chart.on("hover", () => {});
const python = pythonIndicator(chart, { distribution: "/pyodide/" });
const editor = new PythonEditor({ onChange: (text) => draft.change(text), onRun: () => {} });
const draft = new Draft<Fault>({
  check: (text) => python.check(text),
  show: (fault) => editor.mark(fault),
  run: (text) => void python.run(text).then(({ error }) => error?.line),
});
const count: number = drawingTools(chart, new DrawingBook()).book.import("{}");
console.log(count, AlertBook, MarketFeed, SentimentModel, new CandleStore());
console.log(all.Compute, isFolded, stop);
"""


@pytest.mark.parametrize("resolution", ["nodenext", "node16", "bundler"])
def test_types_pass_in_strict_projects(tarball: Path, tmp_path: Path, resolution: str) -> None:
    install(tarball, tmp_path, *CODEMIRROR)
    (tmp_path / "package.json").write_text('{ "type": "module" }')
    (tmp_path / "main.ts").write_text(TYPED)
    module = "esnext" if resolution == "bundler" else resolution
    options = ["--strict", "--skipLibCheck", "false", "--noEmit", "--target", "es2022"]
    options += ["--module", module, "--moduleResolution", resolution, "--types", ""]
    tsc = str(CLIENT / "node_modules" / ".bin" / "tsc")
    done = subprocess.run(
        [tsc, *options, "main.ts"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
