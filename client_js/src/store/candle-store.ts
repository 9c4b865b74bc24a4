import { decimalsOf, fromUnits, toUnits } from "../format/decimal";
import { type Extent, grown, RangeIndex } from "./range-index";
import { StepFinder } from "./step";

/** One bar as received: time in ms, prices as exact decimal strings. */
export interface Bar {
  time: number;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: number;
  trades: number;
}

/** The range of bars changed since the last look: [from, to), or everything if `all`. */
export interface Dirty {
  from: number;
  to: number;
  all: boolean;
}

/** Collects changed ranges for one observer; at first everything counts as changed. */
class Changes {
  private dirty: Dirty = { from: 0, to: 0, all: true };

  mark(from: number, to: number): void {
    this.dirty.from = Math.min(this.dirty.from, from);
    this.dirty.to = Math.max(this.dirty.to, to);
  }

  markAll(): void {
    this.dirty.all = true;
  }

  /** Return the changes since the last call; `count` is the current number of bars. */
  take(count: number): Dirty {
    const taken = this.dirty;
    this.dirty = { from: count, to: count, all: false };
    return taken;
  }
}

/** Floats of one candle in `records`: open, high, low, close (relative to `base`), volume. */
export const RECORD_FLOATS = 5;

/** Integers are exact in a 32-bit float below this. */
const F32_EXACT = 2 ** 24;
const INITIAL_CAPACITY = 1024;
const DEFAULT_LIMIT = 131_072;

/**
 * The candles of one symbol and interval as columns, oldest first.
 *
 * Prices are integers in units of 10^-decimals. `records` holds the same candles once more as the
 * renderers take them: 32-bit floats relative to `base`, so that they stay exact on the GPU.
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
  open: Float64Array = new Float64Array(INITIAL_CAPACITY);
  high: Float64Array = new Float64Array(INITIAL_CAPACITY);
  low: Float64Array = new Float64Array(INITIAL_CAPACITY);
  close: Float64Array = new Float64Array(INITIAL_CAPACITY);
  volume: Float64Array = new Float64Array(INITIAL_CAPACITY);
  trades: Float64Array = new Float64Array(INITIAL_CAPACITY);
  records = new Float32Array(INITIAL_CAPACITY * RECORD_FLOATS);

  private readonly index = new RangeIndex();
  private readonly steps = new StepFinder();
  private readonly drawn = new Changes();
  private readonly watchers = [this.drawn];

  /**
   * `tickSize` is the least price step as a decimal string ("0" if the feed does not give it) and
   * determines the initial number of decimals; beyond `limit` candles, the oldest half is dropped.
   */
  constructor(
    readonly tickSize = "0",
    private readonly limit = DEFAULT_LIMIT,
  ) {
    this.decimals = decimalsOf(tickSize);
  }

  /** The least price step in units; derived from the prices if the feed does not give it. */
  get tickUnits(): number {
    return toUnits(this.tickSize, this.decimals) || this.steps.step;
  }

  /** Replace everything by `bars`, oldest first. */
  reset(bars: readonly Bar[]): void {
    this.count = 0;
    this.appended = 0;
    this.generation++;
    this.steps.clear();
    this.ensureDecimals(bars);
    const kept = bars.slice(-this.limit);
    this.reserve(kept.length);
    for (const bar of kept) this.write(this.count++, bar);
    this.rebase();
    this.changed(0);
  }

  /**
   * Apply one bar: a new one, an update of the running one, or a late correction of an older one.
   */
  apply(bar: Bar): void {
    this.ensureDecimals([bar]);
    const at = this.lowerBound(bar.time);
    const isNew = at === this.count || this.time[at] !== bar.time;
    if (isNew && at === this.count) this.appended++;
    if (isNew) this.insert(at, 1);
    this.write(at, bar);
    this.pack(at);
    this.changed(at, isNew ? this.count : at + 1);
    if (this.count > this.limit) this.dropOldest(this.count - Math.ceil(this.limit / 2));
    if (Math.abs(this.close[this.count - 1] - this.base) > F32_EXACT / 2) this.rebase();
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
    this.ensureDecimals(older);
    this.insert(0, older.length);
    older.forEach((bar, at) => void this.write(at, bar));
    if (this.count === older.length) this.rebase();
    else for (let at = 0; at < older.length; at++) this.pack(at);
    for (const each of this.watchers) each.markAll();
    this.changed(0);
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

  /** Lowest and highest price of candles first to last (exclusive), in units. */
  extent(first: number, last: number): Extent {
    return this.index.extent(this.low, this.high, first, last);
  }

  /** Largest volume of any bucket of `per` candles that overlaps first to last (exclusive). */
  maxVolume(first: number, last: number, per: number): number {
    return this.index.maxVolume(first, last, per);
  }

  /** A price in units as text. */
  format(units: number): string {
    return fromUnits(units, this.decimals);
  }

  /** Return the changes since the renderer's last call. */
  takeDirty(): Dirty {
    return this.drawn.take(this.count);
  }

  /** Register an observer; the returned function gives the changes since its last call. */
  watch(): () => Dirty {
    const changes = new Changes();
    this.watchers.push(changes);
    return () => changes.take(this.count);
  }

  private write(at: number, bar: Bar): void {
    this.time[at] = bar.time;
    this.open[at] = toUnits(bar.open, this.decimals);
    this.high[at] = toUnits(bar.high, this.decimals);
    this.low[at] = toUnits(bar.low, this.decimals);
    this.close[at] = toUnits(bar.close, this.decimals);
    this.volume[at] = bar.volume;
    this.trades[at] = bar.trades;
    for (const column of this.prices()) this.steps.see(column[at]);
  }

  private pack(at: number): void {
    const offset = at * RECORD_FLOATS;
    this.records[offset] = this.open[at] - this.base;
    this.records[offset + 1] = this.high[at] - this.base;
    this.records[offset + 2] = this.low[at] - this.base;
    this.records[offset + 3] = this.close[at] - this.base;
    this.records[offset + 4] = this.volume[at];
  }

  private changed(from: number, to = this.count): void {
    this.index.update(this.low, this.high, this.volume, from, this.count);
    for (const each of this.watchers) each.mark(from, to);
  }

  /** Use the newest close as the base, and pack all candles again. */
  private rebase(): void {
    this.base = this.count > 0 ? this.close[this.count - 1] : 0;
    for (let i = 0; i < this.count; i++) this.pack(i);
    for (const each of this.watchers) each.markAll();
  }

  /** Make room for `added` candles at index `at`. */
  private insert(at: number, added: number): void {
    this.reserve(this.count + added);
    for (const column of this.columns()) column.copyWithin(at + added, at, this.count);
    const records = RECORD_FLOATS;
    this.records.copyWithin((at + added) * records, at * records, this.count * records);
    this.count += added;
  }

  private dropOldest(dropped: number): void {
    for (const column of this.columns()) column.copyWithin(0, dropped, this.count);
    this.records.copyWithin(0, dropped * RECORD_FLOATS, this.count * RECORD_FLOATS);
    this.count -= dropped;
    for (const each of this.watchers) each.markAll();
    this.changed(0);
  }

  /** Switch to a smaller unit if a price has more decimals than any before. */
  private ensureDecimals(bars: readonly Bar[]): void {
    let wanted = this.decimals;
    for (const { open, high, low, close } of bars) {
      wanted = Math.max(wanted, ...[open, high, low, close].map(decimalsOf));
    }
    if (wanted === this.decimals) return;
    const factor = 10 ** (wanted - this.decimals);
    this.steps.rescale(factor);
    for (const column of this.prices()) {
      for (let i = 0; i < this.count; i++) column[i] *= factor;
    }
    this.decimals = wanted;
    this.index.update(this.low, this.high, this.volume, 0, this.count);
    this.rebase();
  }

  private prices(): Float64Array[] {
    return [this.open, this.high, this.low, this.close];
  }

  private columns(): Float64Array[] {
    return [this.time, ...this.prices(), this.volume, this.trades];
  }

  private reserve(count: number): void {
    if (count <= this.time.length) return;
    const capacity = Math.max(count, this.time.length * 2);
    this.time = grown(this.time, capacity);
    this.open = grown(this.open, capacity);
    this.high = grown(this.high, capacity);
    this.low = grown(this.low, capacity);
    this.close = grown(this.close, capacity);
    this.volume = grown(this.volume, capacity);
    this.trades = grown(this.trades, capacity);
    const records = new Float32Array(capacity * RECORD_FLOATS);
    records.set(this.records);
    this.records = records;
  }
}
