import type { CandleStore } from "../store/candle-store";

/**
 * The closes of another symbol at a chart's candles `from` to `to` (exclusive), in its units: each
 * that of its last candle then, and NaN before its first. `time` has the chart's times.
 */
export function closesAt(
  store: CandleStore,
  time: Float64Array,
  from: number,
  to: number,
): Float64Array {
  const closes = new Float64Array(Math.max(to - from, 0)).fill(Number.NaN);
  if (closes.length === 0) return closes;
  let at = store.lastAt(time[from]);
  for (let i = 0; i < closes.length; i++) {
    while (at + 1 < store.count && store.time[at + 1] <= time[from + i]) at++;
    if (at >= 0) closes[i] = store.close.at(at);
  }
  return closes;
}

/** The first close from index `first` on: the one that changes are counted from; NaN if none. */
export function baseOf(closes: Float64Array, first: number): number {
  for (let i = Math.max(first, 0); i < closes.length; i++) {
    if (!Number.isNaN(closes[i])) return closes[i];
  }
  return Number.NaN;
}

/** Change since a base, as a share of its size; NaN without a base other than 0. */
export function changeSince(base: number, value: number): number {
  return base === 0 ? Number.NaN : (value - base) / Math.abs(base);
}

/** The price of the chart's own symbol that has changed by the same share. */
export function rebased(reference: number, change: number): number {
  return reference + Math.abs(reference) * change;
}
