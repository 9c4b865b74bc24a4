import { lowerBound } from "../store/sorted";
import type { Arena } from "./arena";
import type { BarColumns, Column } from "./bar-columns";
import type { Input, InputColumn } from "./calculation";

const WORD_BYTES = 8;

/**
 * The bars of one symbol, and beside each the price of another symbol's bar of the same time: NaN
 * where that has none, which kernels pass over.
 */
export class PairedColumns implements Input {
  private at = 0;
  private capacity = 0;

  /** `source`: the price of the other symbol to take. */
  constructor(
    private readonly arena: Arena,
    private readonly own: BarColumns,
    readonly other: BarColumns,
    private readonly source: Column,
  ) {}

  get count(): number {
    return this.own.count;
  }

  /** The running bar of either symbol may change, and so may the rows from the earlier one on. */
  get settled(): number {
    return Math.min(this.own.settled, this.rowAfter(this.other.settled));
  }

  address(column: InputColumn, from: number): number {
    if (column === "other") return this.at + from * WORD_BYTES;
    return this.own.address(column, from);
  }

  /** The first row that the other symbol's bars from `row` on can affect. */
  rowAfter(row: number): number {
    const { own, other } = this;
    if (row === 0) return 0;
    const [last] = other.view("time", row - 1, 1);
    const time = own.view("time", 0, own.count);
    const at = lowerBound(time, last);
    return time[at] === last ? at + 1 : at;
  }

  /** Match the rows from `from` on with the other symbol's bars. Throws `OutOfRoom`. */
  align(from: number): void {
    const { own, other, arena } = this;
    this.reserve(own.count);
    const length = own.count - from;
    if (length <= 0) return;
    const time = own.view("time", from, length);
    const otherTime = other.view("time", 0, other.count);
    const price = other.view(this.source, 0, other.count);
    const matched = arena.view(this.address("other", from), length);
    let at = lowerBound(otherTime, time[0]);
    for (let i = 0; i < length; i++) {
      while (otherTime[at] < time[i]) at++;
      matched[i] = otherTime[at] === time[i] ? price[at] : Number.NaN;
    }
  }

  dispose(): void {
    if (this.capacity > 0) this.arena.release(this.at, this.capacity);
  }

  private reserve(count: number): void {
    if (count <= this.capacity) return;
    const { arena, at, capacity } = this;
    const larger = Math.max(count, capacity * 2);
    this.at = arena.allocate(larger);
    this.capacity = larger;
    if (capacity === 0) return;
    arena.copy(this.at, at, capacity);
    arena.release(at, capacity);
  }
}
