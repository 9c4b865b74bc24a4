import { compact } from "../format/decimal";
import type { CandleStore } from "../store/candle-store";
import type { Extent } from "../store/range-index";
import type { PaneSize } from "./geometry";
import { paneRows } from "./pane-rows";
import type { ValueScale } from "./plots";
import { align, PRICE_PANE, type Series } from "./series";
import { extentOf } from "./series-extent";
import { decimalsFor, niceStep } from "./ticks";

/** Least CSS pixels between labels of a pane. */
const LABEL_GAP_PX = 30;
/** Share of a pane's height left free at either edge. */
const MARGIN = 0.12;
/** Minimum span of a pane: relative to its values, and absolute. */
const FLAT_SHARE = 1e-9;
const FLAT = 1e-9;
/** Above this, labels are in thousands, millions and so on. */
const COMPACT_FROM = 10_000;

/** Steps of a pane's scale that its ends are rounded to, at least. */
const SNAP_STEPS = 24;

/** A pane below the candles: its rows and the values at its edges. */
export interface SubPane {
  name: string;
  series: Series[];
  top: number;
  bottom: number;
  /** Values in the top and the bottom row. */
  high: number;
  low: number;
}

/**
 * Rows of the candles' pane, and the panes below it, each under a line of one pixel's thickness.
 */
export interface PaneLayout {
  height: number;
  line: number;
  panes: SubPane[];
}

/**
 * Divide the height between the candles and the panes below: those that have been added and those
 * that the series name, with their shares of the height where they are given.
 */
export function dividePanes(
  series: Iterable<Series>,
  size: PaneSize,
  added: ReadonlyMap<string, number | null> = new Map(),
  chosen: ReadonlyMap<string, number> = new Map(),
): PaneLayout {
  const panes = new Map<string, Series[]>([...added.keys()].map((name) => [name, []]));
  for (const each of series) {
    if (each.pane === PRICE_PANE) continue;
    const others = panes.get(each.pane);
    if (others === undefined) panes.set(each.pane, [each]);
    else others.push(each);
  }
  const shares = [...panes.keys()].map((name) => chosen.get(name) ?? added.get(name) ?? null);
  const heights = paneRows(shares, size);
  const line = Math.max(Math.floor(size.ratio), 1);
  const main = Math.max(size.height - heights.reduce((sum, each) => sum + each, 0), 1);
  let end = main;
  const placed = [...panes].map(([name, inside], index) => {
    const top = end + line;
    end += heights[index];
    return { name, series: inside, top, bottom: end, high: 1, low: 0 };
  });
  return { height: main, line, panes: placed };
}

/** Fit a pane's scale to what is in sight: candles from `first` to `last` (exclusive). */
export function fitPane(pane: SubPane, store: CandleStore, first: number, last: number): void {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const series of pane.series) {
    const found = extentOf(series, align(series.time, store, first, last));
    low = Math.min(low, series.range?.[0] ?? found.low);
    high = Math.max(high, series.range?.[1] ?? found.high);
  }
  if (low > high) [low, high] = [0, 1];
  ({ low, high } = snapOut({ low, high }, high - low));
  const middle = (low + high) / 2;
  // A flat line lies in the middle; differences below the precision of the labels count as flat.
  const size = Math.abs(middle);
  const isFlat = high - low <= Math.max(size * FLAT_SHARE, FLAT);
  const span = isFlat ? (size > FLAT ? size : 1) : high - low;
  const half = span * (0.5 + MARGIN);
  pane.low = middle - half;
  pane.high = middle + half;
}

/**
 * Widen the extent to round values of a grid that is fine relative to `span`, so that small changes
 * with each tick do not move the scale.
 */
export function snapOut({ low, high }: Extent, span: number): Extent {
  const step = 2 ** Math.floor(Math.log2(span)) / SNAP_STEPS;
  if (!(step > 0) || Math.max(-low, high) / step > Number.MAX_SAFE_INTEGER) return { low, high };
  return { low: Math.floor(low / step) * step, high: Math.ceil(high / step) * step };
}

export function scaleOf({ top, bottom, high, low }: SubPane): ValueScale {
  const scale = (bottom - top) / (high - low);
  return { rows: { top, bottom }, origin: top + high * scale, scale };
}

export interface PaneLabel {
  row: number;
  text: string;
}

/** Labels of a pane's scale. */
export function placeLabels(pane: SubPane, ratio: number): PaneLabel[] {
  const { origin, scale } = scaleOf(pane);
  const step = niceStep((LABEL_GAP_PX * ratio) / scale);
  const labels: PaneLabel[] = [];
  const margin = 8 * ratio;
  for (let i = Math.ceil(pane.low / step); i * step <= pane.high; i++) {
    const row = Math.round(origin - i * step * scale);
    if (row < pane.top + margin || row > pane.bottom - margin) continue;
    labels.push({ row, text: formatValue(i * step, decimalsFor(step)) });
  }
  return labels;
}

/** Digits of a reading in this pane: finer than its labels. */
export function readingDecimals({ high, low }: SubPane): number {
  return decimalsFor((high - low) / 1000);
}

/** A value for display: "−1.25", "12.3K". */
export function formatValue(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return "—";
  const size = Math.abs(value);
  const text = size >= COMPACT_FROM && decimals < 2 ? compact(size) : size.toFixed(decimals);
  return value < 0 && Number(size.toFixed(decimals)) !== 0 ? `−${text}` : text;
}
