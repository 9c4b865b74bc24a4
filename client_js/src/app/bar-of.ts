import type { CandleTuple } from "../feed/payloads";
import type { Bar } from "../store/candle-store";

/** The bar of a candle as the server sends it. */
export function barOf([time, open, high, low, close, volume, trades]: CandleTuple): Bar {
  return { time, open, high, low, close, volume, trades };
}
