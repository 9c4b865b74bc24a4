import type { Arena } from "./arena";
import type { KernelExports } from "./generated/bindings";

const WORD_BYTES = 8;
const INITIAL_CAPACITY = 1024;
const NS_PER_MS = 1_000_000;
const TWO_12 = 2 ** 12;
const TWO_20 = 2 ** 20;
const TWO_32 = 2 ** 32;

/** Bars as columns, oldest first: times in ms since the epoch, prices and volumes as numbers. */
export interface Bars {
  time: Float64Array;
  open: Float64Array;
  high: Float64Array;
  low: Float64Array;
  close: Float64Array;
  volume: Float64Array;
}

/** Trades, oldest first: `ts` in ns since the epoch. */
export interface Trades {
  ts: BigInt64Array;
  price: Float64Array;
  size: Float64Array;
}

export const BAR_COLUMNS = ["open", "high", "low", "close", "volume"] as const;
/** Columns of a history; `ts` is the time as kernels read it, int64 in ns, and `time` is in ms. */
const COLUMNS = ["ts", "time", ...BAR_COLUMNS, "typical"] as const;
export type Column = (typeof COLUMNS)[number];

/** The bars of one symbol and interval in the kernels' memory. */
export class BarColumns {
  count = 0;
  private capacity = INITIAL_CAPACITY;
  private at: Record<Column, number>;
  /** State of the kernel that folds trades; 0 until there are some. */
  private folding = 0;

  constructor(
    private readonly arena: Arena,
    private readonly kernels: KernelExports,
  ) {
    this.at = this.allocate();
  }

  /** Rows before the running bar, which a tick leaves as they are. */
  get settled(): number {
    return Math.max(this.count - 1, 0);
  }

  /** Address of row `from` of a column. */
  address(column: Column, from: number): number {
    return this.at[column] + from * WORD_BYTES;
  }

  /** Replace all rows from `from` (at most `count`) on. */
  replace(from: number, bars: Bars): void {
    const count = from + bars.time.length;
    this.reserve(count);
    writeNs(this.arena.memory.buffer, this.address("ts", from), bars.time);
    for (const name of ["time", ...BAR_COLUMNS] as const)
      this.view(name, from, bars[name].length).set(bars[name]);
    this.count = count;
    this.complete(from);
  }

  /** Fold trades into bars of an interval; returns the first row that changed. */
  fold({ ts, price, size }: Trades, intervalNs: bigint): number {
    const { arena, kernels } = this;
    const words = kernels.bars_words();
    if (this.folding === 0) {
      this.folding = arena.allocate(words);
      arena.zero(this.folding, words);
      this.count = 0;
    }
    const from = Math.max(this.count - 1, 0);
    const n = ts.length;
    const rows = n + 1;
    this.reserve(from + rows);
    const given = arena.allocate(4 * rows);
    const [prices, sizes, vwap] = [1, 2, 3].map((k) => given + k * rows * WORD_BYTES);
    arena.longs.set(ts, given / WORD_BYTES);
    arena.view(prices, n).set(price);
    arena.view(sizes, n).set(size);
    const out = ["ts", ...BAR_COLUMNS].flatMap((c) => [this.address(c as Column, from), rows]);
    const call = kernels.bars as (...given: (number | bigint)[]) => number;
    const input = [given, n, prices, n, sizes, n];
    const closed = call(...input, intervalNs, this.folding, words, ...out, vwap, rows);
    arena.release(given, 4 * rows);
    const runs = arena.floats[this.folding / WORD_BYTES + 1] !== 0;
    this.count = from + closed + (runs ? 1 : 0);
    const start = this.address("ts", from) / WORD_BYTES;
    const made = arena.longs.subarray(start, start + this.count - from);
    this.view("time", from, made.length).set(
      Float64Array.from(made, (ns) => Number(ns / BigInt(NS_PER_MS))),
    );
    this.complete(from);
    return from;
  }

  /** Views of the rows from `from` on, times and `BAR_COLUMNS`; valid until the next change. */
  rows(from: number): Float64Array[] {
    const length = this.count - from;
    return (["time", ...BAR_COLUMNS] as const).map((name) => this.view(name, from, length));
  }

  /** A view of `length` rows of a column, valid until the next change. */
  view(name: Column, from: number, length: number): Float64Array {
    return this.arena.view(this.address(name, from), length);
  }

  dispose(): void {
    for (const name of COLUMNS) this.arena.release(this.at[name], this.capacity);
    if (this.folding !== 0) this.arena.release(this.folding, this.kernels.bars_words());
  }

  /** Update the columns derived from the bars. */
  private complete(from: number): void {
    const n = this.count - from;
    const given = (["high", "low", "close", "typical"] as const).flatMap((name) => [
      this.address(name, from),
      n,
    ]);
    (this.kernels.typical as (...given: number[]) => number)(...given);
  }

  private reserve(count: number): void {
    if (count <= this.capacity) return;
    const { at, capacity } = this;
    this.capacity = Math.max(count, capacity * 2);
    this.at = this.allocate();
    for (const name of COLUMNS) {
      this.arena.copy(this.at[name], at[name], this.count);
      this.arena.release(at[name], capacity);
    }
  }

  private allocate(): Record<Column, number> {
    const entries = COLUMNS.map((name) => [name, this.arena.allocate(this.capacity)]);
    return Object.fromEntries(entries) as Record<Column, number>;
  }
}

/**
 * Write times in ms as int64 in ns, at an address. Done in two halves that are exact as
 * numbers: through BigInt it takes longer than all indicators together.
 */
export function writeNs(memory: ArrayBufferLike, at: number, time: Float64Array): void {
  const halves = new Uint32Array(memory, at, 2 * time.length);
  for (let i = 0; i < time.length; i++) {
    const ms = Math.round(time[i]);
    const upper = Math.floor(ms / TWO_20);
    const scaled = upper * NS_PER_MS;
    const high = Math.floor(scaled / TWO_12);
    const low = (scaled - high * TWO_12) * TWO_20 + (ms - upper * TWO_20) * NS_PER_MS;
    const carry = Math.floor(low / TWO_32);
    halves[2 * i] = low - carry * TWO_32;
    halves[2 * i + 1] = high + carry;
  }
}
