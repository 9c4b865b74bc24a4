/** Floats of one candle in the records: open, high, low, close (relative to the base), volume. */
export const RECORD_FLOATS = 5;

/** Candles as the renderers take them: `RECORD_FLOATS` 32-bit floats each. */
export class Records {
  data = new Float32Array();

  /** Lengthen the array to hold `capacity` candles. */
  reserve(capacity: number): void {
    const longer = new Float32Array(capacity * RECORD_FLOATS);
    longer.set(this.data);
    this.data = longer;
  }

  /** Move candles `from` to `end` (exclusive) to index `to`. */
  move(to: number, from: number, end: number): void {
    this.data.copyWithin(to * RECORD_FLOATS, from * RECORD_FLOATS, end * RECORD_FLOATS);
  }
}

/**
 * One number of every candle, always exact.
 *
 * The numbers are read from the records, relative to an origin, as long as each of them is exact
 * there. The first that is not gives the column a copy of its own in doubles, until `clear` or
 * `rebase` finds that it is no longer needed.
 */
export class Column {
  private wide: Float64Array | null = null;
  private origin = 0;

  constructor(
    private readonly records: Records,
    private readonly field: number,
  ) {}

  at(index: number): number {
    if (this.wide !== null) return this.wide[index];
    return this.records.data[index * RECORD_FLOATS + this.field] + this.origin;
  }

  /** A copy of the numbers `from` to `to` (exclusive). */
  slice(from: number, to: number): Float64Array<ArrayBuffer> {
    const values = new Float64Array(Math.max(to - from, 0));
    for (let i = 0; i < values.length; i++) values[i] = this.at(from + i);
    return values;
  }

  set(index: number, value: number): void {
    const packed = value - this.origin;
    if (this.wide === null && Math.fround(packed) + this.origin !== value) this.widen();
    this.records.data[index * RECORD_FLOATS + this.field] = packed;
    if (this.wide !== null) this.wide[index] = value;
  }

  /** Forget all numbers; the next ones are stored relative to `origin`. */
  clear(origin: number): void {
    this.wide = null;
    this.origin = origin;
  }

  /** Multiply the first `count` numbers by `factor` and store them relative to `origin`. */
  rebase(count: number, origin: number, factor: number): void {
    const values = this.slice(0, count);
    this.clear(origin);
    for (let i = 0; i < count; i++) this.set(i, values[i] * factor);
  }

  /** Move numbers `from` to `end` (exclusive) to index `to`, as the records have been moved. */
  move(to: number, from: number, end: number): void {
    this.wide?.copyWithin(to, from, end);
  }

  /** Lengthen the array to hold `capacity` numbers. */
  reserve(capacity: number): void {
    if (this.wide !== null) this.wide = grown(this.wide, capacity);
  }

  private widen(): void {
    this.wide = this.slice(0, this.records.data.length / RECORD_FLOATS);
  }
}

/** A longer copy of `column`. */
export function grown(column: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(length);
  longer.set(column);
  return longer;
}
