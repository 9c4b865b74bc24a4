import type { CandleStore } from "../store/candle-store";
import type { Bars } from "./bar-columns";
import type { BarHistory } from "./bar-history";

const PRICES = ["open", "high", "low", "close"] as const;

/**
 * Keeps a history in sync with the candles of a store. One change is in flight at a time; later
 * ones are merged into the next, so a slow worker is never overloaded.
 */
export class StoreSync {
  private readonly watcher;
  private readonly stop;
  private waiting = false;
  private pending = false;

  constructor(
    private readonly store: CandleStore,
    private readonly history: BarHistory,
  ) {
    this.watcher = store.watch(() => this.changed());
    this.stop = history.onChange(() => {
      this.waiting = false;
      if (this.pending) this.changed();
    });
    this.changed();
  }

  private changed(): void {
    this.pending = true;
    if (this.waiting) return;
    this.pending = false;
    const { from, all } = this.watcher.take();
    const first = all ? 0 : from;
    this.waiting = true;
    this.history.update(first, barsOf(this.store, first));
  }

  /** Stop following the store. */
  dispose(): void {
    this.stop();
    this.watcher.stop();
    this.waiting = true;
  }
}

/** The candles from row `from` on, prices as the nearest numbers to their decimal texts. */
export function barsOf(store: CandleStore, from: number): Bars {
  const { count, time, volume } = store;
  const units = 10 ** store.decimals;
  // Both are exact, so the quotient equals the parsed decimal text.
  const prices = PRICES.map((name) => [
    name,
    store[name].slice(from, count).map((each) => each / units),
  ]);
  return {
    time: time.slice(from, count),
    volume: volume.slice(from, count),
    ...(Object.fromEntries(prices) as Pick<Bars, (typeof PRICES)[number]>),
  };
}
