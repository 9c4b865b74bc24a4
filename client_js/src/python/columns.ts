import type { CandleStore } from "../store/candle-store";
import type { BarsMessage } from "./messages";

const NS_PER_MS = 1_000_000n;

/** The bars on the chart. */
export interface Shown {
  store: CandleStore;
  symbol: string;
  interval: string;
}

/** The bars of a store in the form that the Python worker expects. */
export function barsOf({ store, symbol, interval }: Shown): BarsMessage {
  const { count } = store;
  const time = BigInt64Array.from({ length: count }, (_, i) => BigInt(store.time[i]) * NS_PER_MS);
  const perUnit = 10 ** store.decimals;
  const { open, high, low, close } = store;
  // The quotient of two integers is the double nearest to the decimal, as if its text had been
  // parsed.
  const prices = [open, high, low, close].map((column) =>
    column.slice(0, count).map((x) => x / perUnit),
  );
  const columns = [time, ...prices, store.volume.slice(0, count)];
  return { symbol, interval, columns: columns.map(({ buffer }) => buffer as ArrayBuffer) };
}

/** The times of the bars on the chart, in ms. */
export function timesOf({ store }: Shown): Float64Array {
  return store.time.slice(0, store.count);
}
