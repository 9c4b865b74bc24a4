/** Draws the panes that tests/render describes, by both renderers, away from the screen. */

import { gridOf, placeAxes } from "../../src/chart/axes";
import type { Palette } from "../../src/chart/color";
import { layOut, type PaneSize } from "../../src/chart/geometry";
import { type Drawn, Overlays } from "../../src/chart/overlays";
import { PriceScale } from "../../src/chart/price-scale";
import { RectBatch } from "../../src/chart/rect-batch";
import { Canvas2dRenderer } from "../../src/chart/renderers/canvas2d";
import type { Renderer } from "../../src/chart/renderers/renderer";
import { WebgpuRenderer } from "../../src/chart/renderers/webgpu";
import { fillView, type Scene, VIEW_FLOATS } from "../../src/chart/scene";
import type { Series } from "../../src/chart/series";
import { Viewport } from "../../src/chart/viewport";
import { type Bar, CandleStore } from "../../src/store/candle-store";

/** A row of numbers in JSON, where null stands for NaN. */
type Numbers = (number | null)[];

type PlotCase = Omit<Series["plots"][number], "values" | "breaks"> & {
  values: Numbers;
  breaks?: Numbers;
};

/** One picture to draw. */
interface Case {
  pane: PaneSize;
  palette: Palette;
  tickSize: string;
  intervalMs: number;
  bars: Bar[];
  spacing: number;
  rightOffset: number;
  /** Prices in units at the top and the bottom edge; null to fit the visible candles. */
  prices: { top: number; bottom: number } | null;
  series: (Omit<Series, "time" | "plots"> & { time: number[]; plots: PlotCase[] })[];
}

const floats = (numbers: Numbers) => Float64Array.from(numbers, (each) => each ?? Number.NaN);

function drawnOf(given: Case["series"]): Drawn {
  const series = new Map<string, Series>();
  for (const [index, { time, plots, ...rest }] of given.entries()) {
    series.set(String(index), {
      ...rest,
      time: Float64Array.from(time),
      plots: plots.map(({ values, breaks, ...look }) => ({
        ...look,
        values: floats(values),
        ...(breaks === undefined ? {} : { breaks: floats(breaks) }),
      })),
    });
  }
  return { series, panes: new Map(), under: new RectBatch(), over: new RectBatch() };
}

function viewportOf({ pane, spacing, rightOffset }: Case, count: number): Viewport {
  const viewport = new Viewport();
  viewport.resize(pane.width / pane.ratio);
  viewport.setCount(count, 0);
  return Object.assign(viewport, { spacing, rightOffset });
}

/** The steps by which the chart itself makes a frame. */
function compose(given: Case, store: CandleStore): Scene {
  const { pane, palette, intervalMs } = given;
  const drawn = drawnOf(given.series);
  const place = document.createElement("div");
  const overlays = new Overlays(drawn, { pane: place, legend: place });
  const scale = new PriceScale();
  scale.auto = given.prices === null;
  if (given.prices !== null) scale.range = given.prices;
  const viewport = viewportOf(given, store.count);
  const geometry = layOut(store, viewport, scale, overlays.divide(pane), (...given) =>
    overlays.stretch(store, ...given),
  );
  overlays.fit(store, geometry);
  const options = { intervalMs, ratio: pane.ratio, zone: "utc" } as const;
  const axes =
    store.count === 0 ? { prices: [], times: [], panes: [] } : placeAxes(store, geometry, options);
  const grid = gridOf(axes, geometry, palette);
  overlays.draw(store, geometry, pane, { palette, grid });
  const last = store.count - 1;
  const price = {
    price: store.close.at(last),
    rising: store.close.at(last) >= store.open.at(last),
  };
  const view = new Float32Array(VIEW_FLOATS);
  const dashes = fillView(view, geometry, pane.height, palette, last < 0 ? null : price);
  const { per, first, last: end } = geometry;
  const { under, over } = drawn;
  const { background } = palette;
  return { view, background, grid, gridVersion: 1, under, over, per, first, last: end, dashes };
}

/** The renderer's image as a PNG in base64. */
function draw(renderer: Renderer, pane: PaneSize, store: CandleStore, scene: Scene): string {
  renderer.resize(pane.width, pane.height);
  renderer.upload({ data: store.records, count: store.count }, 0, store.count);
  renderer.draw(scene);
  return renderer.canvas.toDataURL("image/png").split(",")[1] ?? "";
}

async function webgpu(): Promise<Renderer> {
  const adapter = await navigator.gpu.requestAdapter();
  if (adapter === null) throw new Error("this browser has no adapter");
  const device = await adapter.requestDevice();
  const code = await (await fetch("candles.wgsl")).text();
  return WebgpuRenderer.create(document.createElement("canvas"), device, code, console.warn);
}

const renderers = [await webgpu(), new Canvas2dRenderer(document.createElement("canvas"))];
let drawn = 0;

/** Draw one case, given as JSON; returns an image for each renderer. */
function drawCase(json: string): Record<string, string> {
  const given: Case = JSON.parse(json);
  const store = new CandleStore(given.tickSize, given.bars.length + 1);
  store.reset(given.bars);
  const scene = compose(given, store);
  // A renderer draws what it has if a version is that of the scene before.
  scene.gridVersion = scene.under.version = scene.over.version = ++drawn;
  const images = renderers.map((each) => [each.name, draw(each, given.pane, store, scene)]);
  return Object.fromEntries(images);
}

Object.assign(window, { drawCase });
