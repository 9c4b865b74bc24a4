/**
 * Rows of numbers that a worker computes and a page reads.
 *
 * Where memory can be shared, the worker writes into shared columns and reports only the changed
 * rows; elsewhere the changed rows travel in one transferred array. Both ends use `Change`.
 */

/** The columns `set` have `count` rows, and those from `from` on are new. */
export interface Change {
  set: number;
  from: number;
  count: number;
  /** Offset of the first column's new rows in the message's `data`; the other columns follow. */
  at: number;
  /** New shared columns that replace the previous ones; null if unchanged. */
  shared: SharedArrayBuffer[] | null;
}

/** The worker's end: stores results and returns the changes. */
export interface ResultWriter {
  /** Replace all rows from `from` on. */
  write(from: number, columns: readonly Float64Array[], data: Packer): Change;
}

/** Collects the columns of one message. */
export class Packer {
  private readonly parts: Float64Array[] = [];
  private length = 0;

  /** Append a copy of these columns of equal length; returns their offset. */
  add(columns: readonly Float64Array[]): number {
    const at = this.length;
    for (const column of columns) {
      this.parts.push(column.slice());
      this.length += column.length;
    }
    return at;
  }

  /** Return everything in one array. */
  pack(): Float64Array<ArrayBuffer> {
    const packed = new Float64Array(this.length);
    let at = 0;
    for (const part of this.parts) {
      packed.set(part, at);
      at += part.length;
    }
    return packed;
  }
}

/** Sends changed rows. */
export class TransferWriter implements ResultWriter {
  constructor(private readonly set: number) {}

  write(from: number, columns: readonly Float64Array[], data: Packer): Change {
    const count = from + columns[0].length;
    return { set: this.set, from, count, at: data.add(columns), shared: null };
  }
}

/**
 * Writes into shared columns. Rows are added and the last ones overwritten in place; when all are
 * new, they go into fresh columns, so that a reader sees the old ones whole until it hears of it.
 */
export class SharedWriter implements ResultWriter {
  private buffers: SharedArrayBuffer[] = [];
  private capacity = 0;

  constructor(private readonly set: number) {}

  write(from: number, columns: readonly Float64Array[]): Change {
    const count = from + columns[0].length;
    const renewed = from === 0 || count > this.capacity;
    if (renewed) this.renew(columns.length, count, from);
    columns.forEach((column, k) => void new Float64Array(this.buffers[k]).set(column, from));
    return { set: this.set, from, count, at: 0, shared: renewed ? this.buffers : null };
  }

  private renew(columns: number, count: number, kept: number): void {
    const before = this.buffers;
    this.capacity = Math.max(Math.ceil(count * 1.5), 256);
    this.buffers = Array.from({ length: columns }, (_, k) => {
      const fresh = new SharedArrayBuffer(this.capacity * Float64Array.BYTES_PER_ELEMENT);
      if (kept > 0) new Float64Array(fresh).set(new Float64Array(before[k], 0, kept));
      return fresh;
    });
  }
}

/** The page's end: the columns as of the last report. */
export class ResultColumns {
  columns: Float64Array[];
  private whole: Float64Array[];

  constructor(count: number) {
    this.whole = Array.from({ length: count }, () => new Float64Array());
    this.columns = this.whole;
  }

  receive({ from, count, at, shared }: Change, data: Float64Array): void {
    if (shared !== null) this.whole = shared.map((buffer) => new Float64Array(buffer));
    else if (data.length > 0) this.copy(from, count, at, data);
    this.columns = this.whole.map((column) => column.subarray(0, count));
  }

  private copy(from: number, count: number, at: number, data: Float64Array): void {
    const rows = count - from;
    this.whole = this.whole.map((column, k) => {
      let target = column;
      if (target.length < count) {
        target = new Float64Array(Math.ceil(count * 1.5));
        target.set(column.subarray(0, from));
      }
      target.set(data.subarray(at + k * rows, at + (k + 1) * rows), from);
      return target;
    });
  }
}
