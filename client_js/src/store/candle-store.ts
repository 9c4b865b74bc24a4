import { decimalsOf, fromUnits, isFiner, toUnits } from "../format/decimal";
import { Changes, type Watcher } from "./changes";
import { Column, grown, Records } from "./column";
import { type Extent, RangeIndex } from "./range-index";
import { StepFinder } from "./step";

/** One bar as received: time in ms, prices as exact decimal strings. */
export interface Bar {
  time: number;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: number;
  /** A whole number below 2^32. */
  trades: number;
  /** Volume-weighted average price, if it is known. */
  vwap?: string | null | undefined;
}

/** Distance of the newest close from the base beyond which the base moves; exact to twice this. */
const FAR = 2 ** 23;
const INITIAL_CAPACITY = 1024;
/** Share of the capacity by which it grows: little, as a store is mostly filled at once. */
const GROWTH = 1.125;
const DEFAULT_LIMIT = 131_072;

/**
 * The candles of one symbol and interval as columns, oldest first.
 *
 * Prices are integers in units of 10^-decimals. The columns of prices and volumes read `records`,
 * the candles as the renderers take them: 32-bit floats, prices relative to `base`, so that they
 * stay exact on the GPU. A column with a number that is not exact there keeps a copy in doubles.
 */
export class CandleStore {
  count = 0;
  /** Resets so far, and candles appended since the last. */
  generation = 0;
  appended = 0;
  decimals: number;
  /** Price, in units, that is stored as 0 in `records`. */
  base = 0;
  time: Float64Array = new Float64Array(INITIAL_CAPACITY);
  readonly open: Column;
  readonly high: Column;
  readonly low: Column;
  readonly close: Column;
  readonly volume: Column;

  private tradeCounts = new Uint32Array(INITIAL_CAPACITY);
  /** Mean prices, NaN where they are not known; empty until there is one. */
  private means: Float64Array = new Float64Array(0);
  private readonly packed = new Records();
  private readonly prices: readonly Column[];
  private readonly columns: readonly Column[];
  private readonly index: RangeIndex;
  private readonly steps: StepFinder | null;
  private readonly watchers = new Set<Changes>();

  /**
   * `tickSize` is the least price step as a decimal string ("0" if the feed does not give it) and
   * determines the initial number of decimals; beyond `limit` candles, the oldest half is dropped.
   */
  constructor(
    readonly tickSize = "0",
    private readonly limit = DEFAULT_LIMIT,
  ) {
    this.decimals = decimalsOf(tickSize);
    this.steps = Number(tickSize) === 0 ? new StepFinder() : null;
    this.packed.reserve(INITIAL_CAPACITY);
    this.columns = [0, 1, 2, 3, 4].map((field) => new Column(this.packed, field));
    [this.open, this.high, this.low, this.close, this.volume] = this.columns;
    this.prices = this.columns.slice(0, 4);
    this.index = new RangeIndex(this.low, this.high, this.volume);
  }

  /** The least price step in units; derived from the prices if the feed does not give it. */
  get tickUnits(): number {
    return this.steps?.step ?? toUnits(this.tickSize, this.decimals);
  }

  /** The candles as 32-bit floats, `RECORD_FLOATS` each. */
  get records(): Float32Array<ArrayBuffer> {
    return this.packed.data;
  }

  /** Number of trades in the candle at `index`. */
  trades(index: number): number {
    return this.tradeCounts[index];
  }

  /** Replace everything by `bars`, oldest first. */
  reset(bars: readonly Bar[]): void {
    const kept = bars.slice(-this.limit);
    this.count = 0;
    this.appended = 0;
    this.generation++;
    this.steps?.clear();
    for (const bar of kept) this.ensureDecimals(bar);
    this.reserve(kept.length);
    if (kept.length > 0) this.start(kept[kept.length - 1]);
    for (const bar of kept) this.write(this.count++, bar);
    for (const each of this.watchers) each.markAll();
    this.changed(0);
    this.notify();
  }

  /**
   * Apply one bar: a new one, an update of the running one, or a late correction of an older one.
   */
  apply(bar: Bar): void {
    this.place(bar);
    this.notify();
  }

  /** Apply bars, oldest first; those before the oldest candle are put in front at once. */
  merge(bars: readonly Bar[]): void {
    const oldest = this.count > 0 ? this.time[0] : Number.NEGATIVE_INFINITY;
    if (this.count > 0) this.prepend(bars);
    for (const bar of bars) if (bar.time >= oldest) this.place(bar);
    this.notify();
  }

  /**
   * Put bars before the oldest candle; returns how many were. Bars that are not older than it are
   * left out, as the store has them, and beyond `limit` candles so are the oldest of them.
   */
  prepend(bars: readonly Bar[]): number {
    const oldest = this.count > 0 ? this.time[0] : Number.POSITIVE_INFINITY;
    const room = this.limit - this.count;
    const older = room > 0 ? bars.filter(({ time }) => time < oldest).slice(-room) : [];
    if (older.length === 0) return 0;
    for (const bar of older) this.ensureDecimals(bar);
    if (this.count === 0) this.start(older[older.length - 1]);
    this.insert(0, older.length);
    older.forEach((bar, at) => void this.write(at, bar));
    for (const each of this.watchers) each.markAll();
    this.changed(0);
    this.notify();
    return older.length;
  }

  /** Index of the first candle at or after `time`; `count` when all are before it. */
  lowerBound(time: number): number {
    const last = this.count - 1;
    if (last < 0 || time > this.time[last]) return this.count;
    let low = time === this.time[last] ? last : 0;
    let high = last;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.time[middle] < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Index of the last candle at or before `time`; -1 when all are after it. */
  lastAt(time: number): number {
    const at = this.lowerBound(time);
    return at < this.count && this.time[at] === time ? at : at - 1;
  }

  /** The candle at `index`. */
  bar(index: number): Bar {
    const [open, high, low, close] = this.prices.map((column) => this.format(column.at(index)));
    const volume = this.volume.at(index);
    const mean = this.means[index];
    const vwap = Number.isFinite(mean) ? `${mean}` : undefined;
    const time = this.time[index];
    return { time, open, high, low, close, volume, trades: this.trades(index), vwap };
  }

  /** Lowest and highest price of candles first to last (exclusive), in units. */
  extent(first: number, last: number): Extent {
    return this.index.extent(first, last);
  }

  /** Largest volume of any bucket of `per` candles that overlaps first to last (exclusive). */
  maxVolume(first: number, last: number, per: number): number {
    return this.index.maxVolume(first, last, per);
  }

  /** A price in units as text. */
  format(units: number): string {
    return fromUnits(units, this.decimals);
  }

  /** Observe the store; `onChange` is called after each change. */
  watch(onChange: () => void = () => {}): Watcher {
    const changes = new Changes(onChange);
    this.watchers.add(changes);
    return {
      take: () => changes.take(this.count),
      stop: () => void this.watchers.delete(changes),
    };
  }

  private place(bar: Bar): void {
    this.ensureDecimals(bar);
    if (this.count === 0) this.start(bar);
    const at = this.lowerBound(bar.time);
    const isNew = at === this.count || this.time[at] !== bar.time;
    if (isNew && at === this.count) this.appended++;
    if (isNew) this.insert(at, 1);
    this.write(at, bar);
    this.changed(at, isNew ? this.count : at + 1);
    if (this.count > this.limit) this.dropOldest(this.count - Math.ceil(this.limit / 2));
    if (Math.abs(this.close.at(this.count - 1) - this.base) > FAR) this.rebase();
  }

  private notify(): void {
    for (const each of this.watchers) each.notify();
  }

  private write(at: number, bar: Bar): void {
    const { decimals, steps } = this;
    this.time[at] = bar.time;
    this.open.set(at, toUnits(bar.open, decimals));
    this.high.set(at, toUnits(bar.high, decimals));
    this.low.set(at, toUnits(bar.low, decimals));
    this.close.set(at, toUnits(bar.close, decimals));
    this.volume.set(at, bar.volume);
    this.tradeCounts[at] = bar.trades;
    if (bar.vwap && this.means.length === 0) {
      this.means = new Float64Array(this.time.length).fill(Number.NaN);
    }
    this.means[at] = bar.vwap ? Number(bar.vwap) : Number.NaN;
    if (steps !== null) for (const column of this.prices) steps.see(column.at(at));
  }

  private changed(from: number, to = this.count): void {
    this.index.update(from, this.count);
    for (const each of this.watchers) each.mark(from, to);
  }

  /** Start over without candles; `newest` determines the base. */
  private start(newest: Bar): void {
    this.base = toUnits(newest.close, this.decimals);
    for (const column of this.prices) column.clear(this.base);
    this.volume.clear(0);
  }

  /** Multiply all prices by `factor`, and use the newest close as the base. */
  private rebase(factor = 1): void {
    const { count } = this;
    this.base = count > 0 ? this.close.at(count - 1) * factor : 0;
    for (const column of this.prices) column.rebase(count, this.base, factor);
    for (const each of this.watchers) each.markAll();
  }

  /** Make room for `added` candles at index `at`. */
  private insert(at: number, added: number): void {
    this.reserve(this.count + added);
    this.move(at + added, at);
    this.count += added;
  }

  private dropOldest(dropped: number): void {
    this.move(0, dropped);
    this.count -= dropped;
    for (const each of this.watchers) each.markAll();
    this.changed(0);
  }

  /** Move the candles from index `from` on to index `to`. */
  private move(to: number, from: number): void {
    for (const each of [this.time, this.tradeCounts, this.means])
      each.copyWithin(to, from, this.count);
    for (const each of [this.packed, ...this.columns]) each.move(to, from, this.count);
  }

  /** Switch to a smaller unit if a price has more decimals than any before. */
  private ensureDecimals({ open, high, low, close }: Bar): void {
    const { decimals } = this;
    const isCoarse = !(
      isFiner(open, decimals) ||
      isFiner(high, decimals) ||
      isFiner(low, decimals) ||
      isFiner(close, decimals)
    );
    if (isCoarse) return;
    const finest = Math.max(decimalsOf(open), decimalsOf(high), decimalsOf(low), decimalsOf(close));
    const factor = 10 ** (finest - decimals);
    this.decimals = finest;
    this.steps?.rescale(factor);
    this.rebase(factor);
    this.index.update(0, this.count);
  }

  private reserve(count: number): void {
    if (count <= this.time.length) return;
    const capacity = Math.max(count, Math.ceil(this.time.length * GROWTH));
    this.time = grown(this.time, capacity);
    if (this.means.length > 0) this.means = grown(this.means, capacity);
    const counts = new Uint32Array(capacity);
    counts.set(this.tradeCounts);
    this.tradeCounts = counts;
    for (const each of [this.packed, ...this.columns]) each.reserve(capacity);
  }
}
