import type { CandleStore } from "../store/candle-store";
import { lowerBound } from "../store/sorted";
import { parseColor } from "./color";

/** The pane of the candles. Any other name is a pane of its own below, in the order they came. */
export const PRICE_PANE = "price";

export type PlotKind = "line" | "histogram" | "dots";

/** One row of numbers, drawn in one way. */
export interface Plot {
  /** Label in the legend; empty if the series' title is enough. */
  label: string;
  /** One per time of the series; NaN where there is nothing to draw. */
  values: Float64Array;
  /** "#rrggbb" */
  color: string;
  /** A line by default. */
  kind?: PlotKind;
  /** Colour of a histogram's columns below zero. */
  negative?: string;
  /** One per value: a line is interrupted where this changes. */
  breaks?: Float64Array;
}

/** A series drawn besides the candles: an indicator, or any values at the candles' times. */
export interface Series {
  /** Title in the legend. */
  title: string;
  /** `PRICE_PANE`, or the name of a pane of its own; series of one name share pane and scale. */
  pane: string;
  /** Times of the candles that the values belong to: ms since the epoch, ascending. */
  time: Float64Array;
  plots: readonly Plot[];
  /** Fill between two plots, by index, in a faint tone of the first one's colour. */
  fill?: readonly [number, number];
  /** Fixed scale of a pane of its own: lowest and highest value. */
  range?: readonly [number, number];
  /** Levels to mark across a pane of its own. */
  guides?: readonly number[];
}

/**
 * Match candles from `first` to `last` (exclusive) with elements of `time`: the index of each, or
 * -1. By time and not by index, since a calculation may lag behind the candles or begin later.
 */
export function align(time: Float64Array, store: CandleStore, first: number, last: number) {
  const found = new Int32Array(Math.max(last - first, 0)).fill(-1);
  if (found.length === 0 || time.length === 0) return found;
  const candles = store.time;
  const count = time.length;
  let at = lowerBound(time, candles[first]);
  for (let i = 0; i < found.length && at < count; i++) {
    const wanted = candles[first + i];
    // Usually the next element matches.
    while (time[at] < wanted) at++;
    if (time[at] === wanted) found[i] = at++;
  }
  return found;
}

/** Check that a series can be drawn; throws RangeError with the reason. */
export function checkSeries(id: string, series: Series): void {
  for (const { label, values, color, negative, breaks = values } of series.plots) {
    for (const { length } of [values, breaks]) {
      if (length === series.time.length) continue;
      const lengths = `${length} values for ${series.time.length} times`;
      throw new RangeError(`series ${id}, plot ${label}: ${lengths}`);
    }
    parseColor(color);
    if (negative !== undefined) parseColor(negative);
  }
  for (const index of series.fill ?? []) {
    if (series.plots[index] === undefined) throw new RangeError(`series ${id}: no plot ${index}`);
  }
}
