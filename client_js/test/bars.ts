import { readFileSync } from "node:fs";
import type { Bars } from "../src/compute/bar-columns";
import { type IndicatorName, specOf } from "../src/compute/registry";

/** The parameters that an indicator cannot do without. */
export function required(name: string): { symbol?: string } {
  return specOf(name as IndicatorName).other === undefined ? {} : { symbol: "NQU4" };
}

/** The kernels as they are built. */
export const KERNELS = new WebAssembly.Module(
  readFileSync(new URL("../src/compute/generated/kernels.wasm", import.meta.url)),
);

export const START_MS = 1_719_840_600_000;
export const MINUTE_MS = 60_000;

/** A small generator of random numbers below 1, the same for the same seed. */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Bars of a seeded random walk. */
export function walk(count: number, seed = 1): Bars {
  const next = chance(seed);
  const bars = empty(count);
  let price = 5_500;
  for (let i = 0; i < count; i++) {
    const close = price + Math.round(40 * (next() - 0.5)) / 4;
    bars.time[i] = START_MS + i * MINUTE_MS;
    bars.open[i] = price;
    bars.close[i] = close;
    bars.high[i] = Math.max(price, close) + Math.round(8 * next()) / 4;
    bars.low[i] = Math.min(price, close) - Math.round(8 * next()) / 4;
    bars.volume[i] = Math.floor(900 * next());
    price = close;
  }
  return bars;
}

export function empty(count: number): Bars {
  const columns = ["time", "open", "high", "low", "close", "volume"] as const;
  return Object.fromEntries(columns.map((name) => [name, new Float64Array(count)])) as never;
}

/** A copy of rows `from` to `to` (exclusive). */
export function rows(bars: Bars, from: number, to?: number): Bars {
  const entries = Object.entries(bars).map(([name, column]) => [name, column.slice(from, to)]);
  return Object.fromEntries(entries) as never;
}

/** The rows of `head`, and after them those of `tail`. */
export function joined(head: Bars, tail: Bars): Bars {
  const entries = Object.entries(head).map(([name, column]) => [
    name,
    Float64Array.from([...column, ...tail[name as keyof Bars]]),
  ]);
  return Object.fromEntries(entries) as never;
}

/** The bits of numbers, which tell -0 from 0; every NaN is the same. */
export function bits(values: Float64Array): bigint[] {
  const copy = Float64Array.from(values, (each) => (Number.isNaN(each) ? Number.NaN : each));
  return Array.from(new BigUint64Array(copy.buffer));
}
