import { type Column, grown } from "./column";

/** Candles in a block of extremes, and in a block of volumes. */
const BLOCK = 256;
const VOLUME_BLOCK = 16;

/** The extremes of a range of candles. Prices in units of 10^-decimals. */
export interface Extent {
  low: number;
  high: number;
}

/**
 * Returns the lowest price, highest price and volume of a range of candles without visiting each:
 * extremes by blocks of 256 candles, volumes by running sums over blocks of 16. An update of the
 * last candle costs one block of each. Blocks are computed when a range that holds one is asked for.
 */
export class RangeIndex {
  private blockLow = new Float64Array();
  private blockHigh = new Float64Array();
  /** Volume of all candles before each block. */
  private sums = new Float64Array(1);
  private count = 0;
  /** The first candle that has changed since the blocks were computed. */
  private stale = 0;

  constructor(
    private readonly low: Column,
    private readonly high: Column,
    private readonly volume: Column,
  ) {}

  /** Note that the columns, of `count` candles now, have changed from `from` on. */
  update(from: number, count: number): void {
    this.count = count;
    this.stale = Math.min(this.stale, from);
  }

  /** Extremes of candles first to last (exclusive); low is Infinity when there are none. */
  extent(first: number, last: number): Extent {
    const firstBlock = Math.ceil(first / BLOCK);
    const lastBlock = Math.floor(last / BLOCK);
    if (firstBlock >= lastBlock) return this.scan(first, last);
    this.compute();
    const head = this.scan(first, firstBlock * BLOCK);
    const tail = this.scan(lastBlock * BLOCK, last);
    let low = Math.min(head.low, tail.low);
    let high = Math.max(head.high, tail.high);
    for (let block = firstBlock; block < lastBlock; block++) {
      if (this.blockLow[block] < low) low = this.blockLow[block];
      if (this.blockHigh[block] > high) high = this.blockHigh[block];
    }
    return { low, high };
  }

  /** The largest volume of any bucket of `per` candles between first and last (exclusive). */
  maxVolume(first: number, last: number, per: number): number {
    let most = 0;
    for (let start = Math.floor(first / per) * per; start < last; start += per) {
      const sum = this.between(start, Math.min(start + per, last));
      if (sum > most) most = sum;
    }
    return most;
  }

  private between(start: number, end: number): number {
    const firstBlock = Math.ceil(start / VOLUME_BLOCK);
    const lastBlock = Math.floor(end / VOLUME_BLOCK);
    if (firstBlock >= lastBlock) return this.sum(start, end);
    this.compute();
    const inner = this.sums[lastBlock] - this.sums[firstBlock];
    return (
      this.sum(start, firstBlock * VOLUME_BLOCK) + inner + this.sum(lastBlock * VOLUME_BLOCK, end)
    );
  }

  /** Compute the blocks and sums of candles that have changed. */
  private compute(): void {
    const { count, stale } = this;
    if (stale >= count) return;
    this.stale = count;
    const blocks = Math.ceil(count / BLOCK);
    if (blocks > this.blockLow.length) this.reserve(blocks);
    const { sums } = this;
    for (let block = Math.floor(stale / VOLUME_BLOCK); block * VOLUME_BLOCK < count; block++) {
      const start = block * VOLUME_BLOCK;
      sums[block + 1] = sums[block] + this.sum(start, Math.min(start + VOLUME_BLOCK, count));
    }
    for (let block = Math.floor(stale / BLOCK); block < blocks; block++) {
      const found = this.scan(block * BLOCK, Math.min((block + 1) * BLOCK, count));
      this.blockLow[block] = found.low;
      this.blockHigh[block] = found.high;
    }
  }

  private sum(start: number, end: number): number {
    let sum = 0;
    for (let i = start; i < end; i++) sum += this.volume.at(i);
    return sum;
  }

  private scan(first: number, last: number): Extent {
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    for (let i = first; i < last; i++) {
      const low = this.low.at(i);
      const high = this.high.at(i);
      if (low < least) least = low;
      if (high > most) most = high;
    }
    return { low: least, high: most };
  }

  private reserve(blocks: number): void {
    // Room for an eighth more, so that appending candles seldom comes here.
    const capacity = Math.ceil(blocks * 1.125);
    this.blockLow = grown(this.blockLow, capacity);
    this.blockHigh = grown(this.blockHigh, capacity);
    this.sums = grown(this.sums, (capacity * BLOCK) / VOLUME_BLOCK + 1);
  }
}
