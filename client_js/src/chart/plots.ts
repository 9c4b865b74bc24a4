import { parseColor, type Rgb } from "./color";
import { LinePen, mix, type Rows } from "./line-pen";
import { packColor, type RectBatch } from "./rect-batch";
import type { Geometry } from "./scene";
import type { Plot, Series } from "./series";
import { isDrawn } from "./series-extent";
import { toColumn } from "./snap";

/** Share of a series' colour in its fill. */
const FILL_SHARE = 0.1;
const LINE_PX = 1.5;
const DOT_PX = 3;

/** The vertical scale of a pane: row = origin - toPosition(value) * scale, in device pixels. */
export interface ValueScale {
  rows: Rows;
  origin: number;
  scale: number;
  /** The values themselves if absent. */
  toPosition?(value: number): number;
}

/** The scale of the candles' pane, whose rows end at `height`, for prices of `units` units each. */
export function valueScaleOf(geometry: Geometry, units: number, height: number): ValueScale {
  const { mapping, top, pxPerUnit, wick } = geometry;
  const rows = { top: 0, bottom: height };
  const origin = (top + mapping.base) * pxPerUnit + wick / 2;
  if (mapping.kind === "linear") return { rows, origin, scale: units * pxPerUnit };
  const toPosition = (value: number) => mapping.toPosition(value * units);
  return { rows, origin, scale: pxPerUnit, toPosition };
}

/** The columns of visible buckets of candles, and of one beyond each edge. */
export interface Columns {
  width: number;
  per: number;
  /** Buckets from `first` to `last` (exclusive), and the column of each one's middle. */
  first: number;
  last: number;
  xs: Int32Array;
  body: number;
  ratio: number;
}

/** Place the buckets of `count` candles; lines continue to the buckets just out of sight. */
export function columnsOf(geometry: Geometry, count: number, ratio: number): Columns {
  const { width, per, body } = geometry;
  const first = Math.max(geometry.first - 1, 0);
  const last = Math.min(geometry.last + 1, Math.ceil(count / per));
  const xs = new Int32Array(Math.max(last - first, 0));
  const [offset, slot] = [Math.fround(geometry.offset), Math.fround(geometry.slot)];
  for (let i = 0; i < xs.length; i++) xs[i] = toColumn(first + i - geometry.first, offset, slot);
  return { width, per, first, last, xs, body, ratio };
}

/** The values of one plot by bucket: lowest, highest and last; NaN where there are none. */
export interface Reduced {
  low: Float64Array;
  high: Float64Array;
  last: Float64Array;
  /** The last of the values whose change interrupts a line, if there are any. */
  breaks: Float64Array | null;
}

/** Reduce a plot to buckets of `per` candles; `places` as `align` gives them. */
export function reduce({ values, breaks }: Plot, places: Int32Array, per: number): Reduced {
  const reduced = reduceValues(values, places, per);
  const interrupted = breaks === undefined ? null : reduceValues(breaks, places, per).last;
  return { ...reduced, breaks: interrupted };
}

function reduceValues(values: Float64Array, places: Int32Array, per: number) {
  const count = Math.ceil(places.length / per);
  const low = new Float64Array(count).fill(Number.NaN);
  if (per === 1) {
    for (let i = 0; i < count; i++) if (places[i] >= 0) low[i] = finite(values[places[i]]);
    return { low, high: low, last: low };
  }
  const high = new Float64Array(count).fill(Number.NaN);
  const last = new Float64Array(count).fill(Number.NaN);
  for (let bucket = 0; bucket < count; bucket++) {
    const end = Math.min((bucket + 1) * per, places.length);
    // Local variables keep this loop fast: a zoomed-out chart has a hundred thousand values per
    // plot.
    let [least, most, latest] = [Number.NaN, Number.NaN, Number.NaN];
    for (let i = bucket * per; i < end; i++) {
      const at = places[i];
      const value = at < 0 ? Number.NaN : values[at];
      if (!isDrawn(value)) continue;
      if (!(least <= value)) least = value;
      if (!(most >= value)) most = value;
      latest = value;
    }
    low[bucket] = least;
    high[bucket] = most;
    last[bucket] = latest;
  }
  return { low, high, last };
}

function finite(value: number): number {
  return isDrawn(value) ? value : Number.NaN;
}

/** Draws the plots of one series on one pane. */
export class PlotPainter {
  constructor(
    private readonly columns: Columns,
    private readonly scale: ValueScale,
    private readonly background: Rgb,
  ) {}

  /** Draw one plot. */
  paint(batch: RectBatch, plot: Plot, reduced: Reduced): void {
    if (plot.kind === "histogram") this.histogram(batch, plot, reduced);
    else if (plot.kind === "dots") this.dots(batch, plot, reduced);
    else this.line(batch, plot, reduced);
  }

  /** Fill between two plots. */
  fill(batch: RectBatch, series: Series, one: Reduced, other: Reduced): void {
    const { xs } = this.columns;
    const index = series.fill?.[0] ?? 0;
    const color = packColor(
      mix(parseColor(series.plots[index].color), this.background, FILL_SHARE),
    );
    for (let i = 0; i + 1 < xs.length; i++) {
      const [a, b] = [this.row(one.last[i]), this.row(one.last[i + 1])];
      const [c, d] = [this.row(other.last[i]), this.row(other.last[i + 1])];
      if (Number.isNaN(a + b + c + d)) continue;
      const width = xs[i + 1] - xs[i];
      for (let x = Math.max(xs[i], 0); x < xs[i + 1] && x < this.columns.width; x++) {
        const share = (x - xs[i]) / width;
        const rows = [a + (b - a) * share, c + (d - c) * share];
        this.block(batch, x, Math.min(...rows), 1, Math.max(...rows), color);
      }
    }
  }

  private line(batch: RectBatch, plot: Plot, { low, high, last, breaks }: Reduced): void {
    const { xs } = this.columns;
    const thickness = Math.max(Math.round(LINE_PX * this.columns.ratio), 2);
    const pen = new LinePen(batch, this.scale.rows, thickness, plot.color, this.background);
    for (let i = 0; i < xs.length; i++) {
      if (Number.isNaN(last[i])) continue;
      const goesOn = breaks === null || breaks[i] === breaks[i - 1];
      const joined = i > 0 && goesOn && !Number.isNaN(last[i - 1]);
      if (joined) pen.segment(xs[i - 1], this.row(last[i - 1]), xs[i], this.row(last[i]));
      if (!joined || low !== high) pen.span(xs[i], this.row(high[i]), this.row(low[i]));
    }
    pen.end();
  }

  private histogram(batch: RectBatch, plot: Plot, { last }: Reduced): void {
    const { body, xs } = this.columns;
    const positive = packColor(parseColor(plot.color));
    const negative = packColor(parseColor(plot.negative ?? plot.color));
    const zero = this.row(0);
    for (let i = 0; i < xs.length; i++) {
      if (Number.isNaN(last[i])) continue;
      const row = this.row(last[i]);
      const top = Math.round(Math.min(row, zero));
      const bottom = Math.max(Math.round(Math.max(row, zero)), top + 1);
      const x = xs[i] - (body >> 1);
      this.block(batch, x, top, body, bottom, last[i] < 0 ? negative : positive);
    }
  }

  private dots(batch: RectBatch, plot: Plot, { last }: Reduced): void {
    const { xs } = this.columns;
    const size = Math.max(Math.round(DOT_PX * this.columns.ratio), 1);
    const color = packColor(parseColor(plot.color));
    for (let i = 0; i < xs.length; i++) {
      if (Number.isNaN(last[i])) continue;
      const top = Math.round(this.row(last[i]) - size / 2);
      this.block(batch, xs[i] - (size >> 1), top, size, top + size, color);
    }
  }

  /** A rectangle between two rows, clipped to the pane. */
  private block(
    batch: RectBatch,
    x: number,
    top: number,
    width: number,
    bottom: number,
    color: number,
  ): void {
    const { rows } = this.scale;
    const first = Math.max(Math.round(top), rows.top);
    const last = Math.min(Math.round(bottom), rows.bottom);
    if (first < last) batch.push(x, first, width, last - first, color);
  }

  private row(value: number): number {
    const { rows, origin, scale } = this.scale;
    const row = origin - (this.scale.toPosition?.(value) ?? value) * scale;
    // Clamped so far outside that the visible slope is unaffected and numbers stay bounded.
    const reach = 16 * (rows.bottom - rows.top);
    return Math.min(Math.max(row, rows.top - reach), rows.bottom + reach);
  }
}
