import type { Bar } from "./candle-store";
import { type DecimalInput, decimalText, type TimeInput, timeOf, volumeOf } from "./values";

/** One bar as callers give it. */
export interface BarInput {
  /** Its beginning. */
  time: TimeInput;
  open: DecimalInput;
  high: DecimalInput;
  low: DecimalInput;
  close: DecimalInput;
  /** 0 by default. */
  volume?: DecimalInput;
  /** Number of trades; 0 by default. */
  trades?: number;
  /** Volume-weighted average price. */
  vwap?: DecimalInput;
}

/**
 * Check bars, oldest first. Throws TypeError or RangeError that names the bar and the field: for
 * values that cannot be used, a high below the low, and a time that is not after the one before.
 */
export function checkedBars(given: readonly BarInput[]): Bar[] {
  if (!Array.isArray(given)) throw new TypeError("bars must be an array");
  const bars = given.map(checkedBar);
  for (let i = 1; i < bars.length; i++) {
    if (bars[i].time > bars[i - 1].time) continue;
    throw new RangeError(`bars[${i}].time is not after that of the bar before: ${stamp(bars[i])}`);
  }
  return bars;
}

function checkedBar(bar: BarInput, index: number): Bar {
  const at = `bars[${index}]`;
  if (bar === null || typeof bar !== "object") throw new TypeError(`${at} must be an object`);
  const [open, high, low, close] = (["open", "high", "low", "close"] as const).map((name) =>
    decimalText(bar[name], `${at}.${name}`),
  );
  if (Number(high) < Number(low)) {
    throw new RangeError(`${at}.high, ${high}, is below its low, ${low}`);
  }
  return {
    time: timeOf(bar.time, `${at}.time`),
    open,
    high,
    low,
    close,
    volume: volumeOf(bar.volume ?? 0, `${at}.volume`),
    trades: bar.trades ?? 0,
    vwap: bar.vwap === undefined ? bar.vwap : decimalText(bar.vwap, `${at}.vwap`),
  };
}

function stamp({ time }: Bar): string {
  return new Date(time).toISOString();
}
