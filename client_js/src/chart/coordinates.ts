import type { CandleStore } from "../store/candle-store";
import { candleAt } from "./geometry";
import { axisText } from "./price-text";
import { type Geometry, rowOf, unitsAt } from "./scene";
import { toColumn } from "./snap";

/**
 * Conversions between times and prices and the pane, as of one frame. Positions are CSS pixels from
 * the pane's top left corner; columns and rows are the device pixels that candles snap to.
 */
export class Coordinates {
  constructor(
    readonly store: CandleStore,
    readonly geometry: Geometry,
    readonly intervalMs: number,
    /** Device pixels in a CSS pixel. */
    readonly ratio: number,
  ) {}

  /** Device column of the middle of candle `index`. */
  columnOf(index: number): number {
    const { per, first, offset, slot } = this.geometry;
    return toColumn(Math.floor(index / per) - first, Math.fround(offset), Math.fround(slot));
  }

  /** Device row of a price in units. */
  rowOf(units: number): number {
    return rowOf(this.geometry, units);
  }

  /** Position of the middle of candle `index`; fractions lie between candles. */
  indexToX(index: number): number {
    const { per, first, offset, slot } = this.geometry;
    return ((index + 0.5) / per - first + offset) * (slot / this.ratio);
  }

  /** Index of the candle at `x`, which may lie beyond either end. */
  xToIndex(x: number): number {
    return candleAt(this.geometry, x * this.ratio);
  }

  /** Position of a time: that of its candle's middle, also where no candle is. */
  timeToX(time: number): number {
    return this.indexToX(indexOfTime(this.store, time, this.intervalMs));
  }

  /** Time of the candle at `x`, also where no candle is; NaN in an empty chart. */
  xToTime(x: number): number {
    return timeOfIndex(this.store, this.xToIndex(x), this.intervalMs);
  }

  /** Position of a price; outside the pane too. */
  priceToY(price: number): number {
    return this.rowOf(price * 10 ** this.store.decimals) / this.ratio;
  }

  /** Price at `y`, to the instrument's tick. */
  yToPrice(y: number): number {
    const { store, geometry } = this;
    const units = unitsAt(geometry, y * this.ratio);
    return (Math.round(units / store.tickUnits) * store.tickUnits) / 10 ** store.decimals;
  }

  /** A price in units as the axis tells it: on a percent scale, its distance from the first. */
  axisText(units: number): string {
    return axisText(this.store, this.geometry, units);
  }
}

/** Index of the candle of a time; beyond either end, candles are counted on by the interval. */
export function indexOfTime(store: CandleStore, time: number, intervalMs: number): number {
  const at = store.lastAt(time);
  if (at >= 0 && at < store.count - 1) return at;
  const end = at < 0 ? 0 : at;
  return store.count === 0 ? 0 : end + Math.floor((time - store.time[end]) / intervalMs);
}

/** Beginning of candle `index`, counted on by the interval beyond either end. */
export function timeOfIndex(store: CandleStore, index: number, intervalMs: number): number {
  if (store.count === 0) return Number.NaN;
  const end = Math.min(Math.max(index, 0), store.count - 1);
  return store.time[end] + (index - end) * intervalMs;
}
