import { el, moveTo } from "../dom";
import type { CandleStore } from "../store/candle-store";
import type { Extent } from "../store/range-index";
import type { Palette, Rgb } from "./color";
import type { PaneSize, Sight } from "./geometry";
import css from "./overlays.css?inline";
import { type ChosenHeights, PaneBorders } from "./pane-borders";
import { type Columns, columnsOf, PlotPainter, type Reduced, reduce, valueScaleOf } from "./plots";
import { packColor, type RectBatch } from "./rect-batch";
import type { Geometry, Rect } from "./scene";
import { align, PRICE_PANE, type Series } from "./series";
import { extentOf } from "./series-extent";
import { type Reading, SeriesLegend } from "./series-legend";
import { addStyles } from "./style-sheet";
import {
  dividePanes,
  fitPane,
  formatValue,
  type PaneLabel,
  type PaneLayout,
  placeLabels,
  readingDecimals,
  type SubPane,
  scaleOf,
  snapOut,
} from "./sub-panes";

/**
 * Maximum share of the candles' span by which overlays may stretch the price scale, in each
 * direction.
 */
const STRETCH = 0.4;

/** Colours, and the candle pane's grid, whose vertical lines continue through the other panes. */
export interface Look {
  palette: Palette;
  grid: readonly Rect[];
}

/** The series to draw, and the batches for their rectangles. */
export interface Drawn extends ChosenHeights {
  series: ReadonlyMap<string, Series>;
  panes: ReadonlyMap<string, number | null>;
  under: RectBatch;
  over: RectBatch;
}

/** Layout, drawing and legends of a chart's series. */
export class Overlays {
  layout: PaneLayout = { height: 1, line: 1, panes: [] };
  private readonly legend = new SeriesLegend();
  private readonly paneLegends = new Map<string, PaneLegend>();
  private ground: Rgb = [0, 0, 0];
  private readonly borders: PaneBorders;

  /** Legends of panes are put into `pane`, that of the candles' series into `legend`. */
  constructor(
    private readonly drawn: Drawn,
    private readonly places: { pane: HTMLElement; legend: HTMLElement },
  ) {
    addStyles(css);
    places.legend.append(this.legend.element);
    this.borders = new PaneBorders(places.pane, drawn);
  }

  /** Divide the pane; returns the candles' part of it. */
  divide(pane: PaneSize): PaneSize {
    const { series, panes, heights } = this.drawn;
    this.layout = dividePanes(series.values(), pane, panes, heights);
    return { ...pane, height: this.layout.height };
  }

  /**
   * The extent of the candles in sight, in positions of their mapping, stretched to the lines over
   * them.
   */
  stretch(extent: Extent, { store, first, last, mapping }: Sight): Extent {
    const span = extent.high - extent.low;
    const room = span * STRETCH;
    const units = 10 ** store.decimals;
    let { low, high } = extent;
    for (const series of this.onPrices()) {
      const found = extentOf(series, align(series.time, store, first, last));
      const { low: lowest, high: highest } = snapOut(
        {
          low: mapping.toPosition(found.low * units),
          high: mapping.toPosition(found.high * units),
        },
        span,
      );
      low = Math.min(low, Math.max(lowest, extent.low - room));
      high = Math.max(high, Math.min(highest, extent.high + room));
    }
    return { low, high };
  }

  /** Fit the scales of the sub-panes to the visible values. */
  fit(store: CandleStore, { first, last, per }: Geometry): void {
    const end = Math.min(last * per, store.count);
    for (const pane of this.layout.panes) fitPane(pane, store, first * per, end);
  }

  /** Lay out everything in the batches. */
  draw(store: CandleStore, geometry: Geometry, pane: PaneSize, look: Look): void {
    const { layout } = this;
    const { under, over } = this.drawn;
    const { palette } = look;
    this.ground = palette.background;
    this.placeLegends(pane.ratio);
    this.borders.place(layout, pane);
    if (this.drawn.series.size + this.drawn.panes.size === 0) return;
    const columns = columnsOf(geometry, store.count, pane.ratio);
    const prices = valueScaleOf(geometry, 10 ** store.decimals, layout.height);
    const painter = new PlotPainter(columns, prices, palette.background);
    for (const series of this.onPrices()) paintSeries(painter, columns, store, series, under, over);
    for (const sub of layout.panes) this.drawPane(sub, store, columns, pane, look);
  }

  /** Labels of all sub-panes. */
  labels(ratio: number): PaneLabel[] {
    return this.layout.panes.flatMap((pane) => placeLabels(pane, ratio));
  }

  /** A key that changes whenever a label of the sub-panes moves. */
  key(): string {
    return this.layout.panes.map(({ top, high, low }) => `${top} ${high} ${low}`).join();
  }

  /** The value at a device row of a sub-pane; null over the candles. */
  readingAt(row: number): string | null {
    const pane = this.layout.panes.find(({ top, bottom }) => row >= top && row < bottom);
    if (pane === undefined) return row < this.layout.height ? null : "";
    const { origin, scale } = scaleOf(pane);
    return formatValue((origin - row) / scale, readingDecimals(pane));
  }

  /** Show the values at candle `index` in the legends. */
  show(store: CandleStore, index: number): void {
    const readings = (series: Iterable<Series>, decimals: number) =>
      [...series].map((each) => reading(each, store, index, decimals));
    this.legend.show(readings(this.onPrices(), store.decimals), this.ground);
    for (const pane of this.layout.panes) {
      const { legend } = this.paneLegends.get(pane.name) ?? {};
      legend?.show(readings(pane.series, Math.min(readingDecimals(pane), 4)), this.ground);
    }
  }

  private drawPane(
    pane: SubPane,
    store: CandleStore,
    columns: Columns,
    { width, ratio }: PaneSize,
    { palette, grid }: Look,
  ): void {
    const { over } = this.drawn;
    const { line } = this.layout;
    const scale = scaleOf(pane);
    const { top, bottom } = pane;
    over.push(0, top - line, width, line, packColor(palette.axisLine));
    // Candles may extend below their pane: cover that part.
    over.push(0, top, width, bottom - top, packColor(palette.background));
    for (const { x, y, width, height, color } of grid) {
      if (y === 0 && height === this.layout.height)
        over.push(x, top, width, bottom - top, packColor(color));
    }
    for (const { row } of placeLabels(pane, ratio)) {
      over.push(0, row, width, line, packColor(palette.grid));
    }
    for (const guide of pane.series.flatMap(({ guides = [] }) => guides)) {
      this.dash(Math.round(scale.origin - guide * scale.scale), width, palette);
    }
    const painter = new PlotPainter(columns, scale, palette.background);
    for (const series of pane.series) paintSeries(painter, columns, store, series, over, over);
  }

  private dash(row: number, width: number, palette: Palette): void {
    const { line } = this.layout;
    const color = packColor(palette.axisText);
    for (let x = 0; x < width; x += 6 * line) this.drawn.over.push(x, row, 2 * line, line, color);
  }

  private *onPrices(): Iterable<Series> {
    for (const each of this.drawn.series.values()) if (each.pane === PRICE_PANE) yield each;
  }

  private placeLegends(ratio: number): void {
    const wanted = new Set(this.layout.panes.map(({ name }) => name));
    for (const [name, { element }] of this.paneLegends) {
      if (wanted.has(name)) continue;
      element.remove();
      this.paneLegends.delete(name);
    }
    for (const { name, top } of this.layout.panes) {
      let legend = this.paneLegends.get(name);
      if (legend === undefined) {
        legend = new PaneLegend();
        this.paneLegends.set(name, legend);
        this.places.pane.append(legend.element);
      }
      legend.moveTo(top / ratio);
    }
  }
}

/** The legend in a sub-pane's corner. */
class PaneLegend {
  readonly legend = new SeriesLegend();
  readonly element = el("div", "legend pane-legend", {}, this.legend.element);

  moveTo(y: number): void {
    moveTo(this.element, 0, y);
  }
}

function paintSeries(
  painter: PlotPainter,
  { first, last, per }: Columns,
  store: CandleStore,
  series: Series,
  under: RectBatch,
  over: RectBatch,
): void {
  const places = align(series.time, store, first * per, Math.min(last * per, store.count));
  const reduced: Reduced[] = series.plots.map((plot) => reduce(plot, places, per));
  if (series.fill !== undefined) {
    const [one, other] = series.fill;
    painter.fill(under, series, reduced[one], reduced[other]);
  }
  series.plots.forEach((plot, index) => void painter.paint(over, plot, reduced[index]));
}

function reading(series: Series, store: CandleStore, index: number, decimals: number): Reading {
  const held = index >= 0 && index < store.count;
  const at = held ? align(series.time, store, index, index + 1)[0] : -1;
  const values = series.plots.map(({ label, color, values }) => ({
    label,
    color,
    text: formatValue(at < 0 ? Number.NaN : values[at], decimals),
  }));
  return { title: series.title, values };
}
