import { indexOfTime, timeOfIndex } from "../chart/coordinates";
import { compact, percent } from "../format/decimal";
import { duration } from "../format/time";
import type { CandleStore } from "../store/candle-store";
import type { Anchor } from "./drawing";

/** The figures between two anchors. */
export interface Figures {
  /** Number of candles from one to the other; negative if it goes back in time. */
  candles: number;
  /** Time between the beginnings of their candles, ms. */
  ms: number;
  change: number;
  /** The change as a share of the first price; NaN if that is 0. */
  share: number;
  /** Volume of the candles from one to the other, both included. */
  volume: number;
}

export function figuresOf(
  store: CandleStore,
  [from, to]: readonly Anchor[],
  intervalMs: number,
): Figures {
  const [first, last] = [from, to].map(({ time }) => indexOfTime(store, time, intervalMs));
  const start = (index: number) => timeOfIndex(store, index, intervalMs);
  const change = to.price - from.price;
  return {
    candles: last - first,
    ms: start(last) - start(first),
    change,
    share: from.price === 0 ? Number.NaN : change / Math.abs(from.price),
    volume: volumeOf(store, Math.min(first, last), Math.max(first, last)),
  };
}

function volumeOf(store: CandleStore, first: number, last: number): number {
  let volume = 0;
  const end = Math.min(last, store.count - 1);
  for (let i = Math.max(first, 0); i <= end; i++) volume += store.volume.at(i);
  return volume;
}

/** The figures as lines of text: "+12.25 (+0.22%)", "24 candles, 24 min", "Volume 12.3K". */
export function figureLines(figures: Figures, decimals: number): string[] {
  const { candles, ms, change, share, volume } = figures;
  const sign = change > 0 ? "+" : change < 0 ? "−" : "";
  const price = `${sign}${Math.abs(change).toFixed(decimals)}`;
  const count = Math.abs(candles);
  const time = `${count} ${count === 1 ? "candle" : "candles"}, ${duration(Math.abs(ms))}`;
  return [
    Number.isNaN(share) ? price : `${price} (${percent(share)})`,
    `${candles < 0 ? "−" : ""}${time}`,
    `Volume ${compact(volume)}`,
  ];
}
