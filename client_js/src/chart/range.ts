import type { CandleStore } from "../store/candle-store";
import { type TimeInput, timeOf } from "../store/values";
import { indexOfTime, timeOfIndex } from "./coordinates";
import type { CrosshairPlace } from "./crosshair";
import type { Viewport } from "./viewport";

/** A range of times, as given. */
export interface TimeRange {
  from: TimeInput;
  to: TimeInput;
}

/** The times at the pane's left and right edge, ms. */
export interface VisibleRange {
  from: number;
  to: number;
}

/** Check a range; throws TypeError or RangeError that names the field. */
export function checkedRange({ from, to }: TimeRange): VisibleRange {
  const range = { from: timeOf(from, "from"), to: timeOf(to, "to") };
  if (range.from < range.to) return range;
  throw new RangeError("the visible range must end after it begins");
}

/** A place for the crosshair, as given. */
export interface CrosshairInput {
  /** Any instant of its candle. */
  time: TimeInput;
  /** The candle's close by default. */
  price?: number;
}

/** Check a place; throws TypeError or RangeError that names the field. */
export function checkedPlace({ time, price }: CrosshairInput): CrosshairPlace {
  if (price !== undefined && !Number.isFinite(price)) {
    throw new RangeError(`price must be finite, not ${price}`);
  }
  return { time: timeOf(time), price };
}

/** Position of a time on the axis on which candle i spans [i, i + 1). */
export function positionOf(store: CandleStore, time: number, intervalMs: number): number {
  const index = indexOfTime(store, time, intervalMs);
  const since = (time - timeOfIndex(store, index, intervalMs)) / intervalMs;
  return index + Math.min(Math.max(since, 0), 1);
}

/** The time at a position on that axis. */
function timeAt(store: CandleStore, position: number, intervalMs: number): number {
  const index = Math.floor(position);
  return timeOfIndex(store, index, intervalMs) + (position - index) * intervalMs;
}

/** The times at a viewport's edges; null while the store is empty. */
export function rangeOf(
  store: CandleStore,
  { left, right }: Viewport,
  intervalMs: number,
): VisibleRange | null {
  if (store.count === 0) return null;
  return { from: timeAt(store, left, intervalMs), to: timeAt(store, right, intervalMs) };
}
