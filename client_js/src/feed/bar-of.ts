import type { Bar } from "../store/candle-store";
import type { CandleTuple } from "./payloads";

/** The bar of a candle as the server sends it. */
export function barOf([time, open, high, low, close, volume, trades, vwap]: CandleTuple): Bar {
  return { time, open, high, low, close, volume, trades, vwap };
}
