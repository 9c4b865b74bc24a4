import { chance } from "../chance";

/** One candle: time in ms, prices in ticks of 0.25. */
export interface Candle {
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

export const TICK = 0.25;
const START_MS = 1_700_000_000_000;
export const MINUTE_MS = 60_000;
/** Ticks by which a candle's close differs from its open, and its wicks from its body, at most. */
const BODY = 6;
const WICK = 5;

/** Seeded one-minute candles of a walk that keeps to a band of prices. */
export function market(count: number): Candle[] {
  const next = chance(1);
  const candles: Candle[] = [];
  let open = 22_000;
  for (let i = 0; i < count; i++) {
    // Drawn back to the middle, so that a million candles are no taller than five hundred.
    const drift = (22_000 - open) / 40;
    const close = open + Math.round(2 * BODY * (next() - 0.5) + drift);
    candles.push({
      time: START_MS + i * MINUTE_MS,
      open,
      high: Math.max(open, close) + 2 + Math.floor(WICK * next()),
      low: Math.min(open, close) - 2 - Math.floor(WICK * next()),
      close,
      volume: 1 + Math.floor(900 * next()),
    });
    open = close;
  }
  return candles;
}

/** Ticks into one candle: its close walks between its low and its high. */
export function* ticks(candle: Candle): Generator<Candle> {
  const next = chance(2);
  const { low, high } = candle;
  let { close, volume } = candle;
  for (;;) {
    const step = next() < 0.5 ? -1 : 1;
    close = close + step < low || close + step > high ? close - step : close + step;
    volume++;
    yield { ...candle, close, volume };
  }
}
