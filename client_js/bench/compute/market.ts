import type { Bars } from "../../src/compute/bar-columns";
import { chance } from "../chance";

const START_MS = 1_700_000_000_000;
const MINUTE_MS = 60_000;

/** Seeded one-minute bars. */
export function market(count: number, seed = 1): Bars {
  const next = chance(seed);
  const column = () => new Float64Array(count);
  const bars: Bars = {
    time: column(),
    open: column(),
    high: column(),
    low: column(),
    close: column(),
    volume: column(),
  };
  let price = 5_500;
  for (let i = 0; i < count; i++) {
    const close = Math.max(price + Math.round(40 * (next() - 0.5)) / 4, 100);
    bars.time[i] = START_MS + i * MINUTE_MS;
    bars.open[i] = price;
    bars.close[i] = close;
    bars.high[i] = Math.max(price, close) + Math.round(8 * next()) / 4;
    bars.low[i] = Math.min(price, close) - Math.round(8 * next()) / 4;
    bars.volume[i] = 1 + Math.floor(900 * next());
    price = close;
  }
  return bars;
}

/** A bar for row `row`, different at each call. */
export function oneBar(row: number, seed: number): Bars {
  const price = 5_500 + (seed % 40) / 4;
  return {
    time: Float64Array.of(START_MS + row * MINUTE_MS),
    open: Float64Array.of(price),
    high: Float64Array.of(price + 1),
    low: Float64Array.of(price - 1),
    close: Float64Array.of(price + 0.25),
    volume: Float64Array.of(100 + seed),
  };
}
