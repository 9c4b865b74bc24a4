const BLOCK = 256;

/** The extremes of a range of candles. Prices in units of 10^-decimals. */
export interface Extent {
  low: number;
  high: number;
}

/**
 * Returns the lowest price, highest price and volume of a range of candles without visiting each:
 * extremes by blocks of 256 candles, volumes by running sums. An update of the last candle costs
 * one block.
 */
export class RangeIndex {
  private blockLow = new Float64Array(16);
  private blockHigh = new Float64Array(16);
  private sums = new Float64Array(BLOCK * 16 + 1);

  /** Update the index for columns whose candles from `from` on have changed. */
  update(
    low: Float64Array,
    high: Float64Array,
    volume: Float64Array,
    from: number,
    count: number,
  ): void {
    this.reserve(count);
    for (let i = from; i < count; i++) this.sums[i + 1] = this.sums[i] + volume[i];
    for (let block = Math.floor(from / BLOCK); block * BLOCK < count; block++) {
      const found = scan(low, high, block * BLOCK, Math.min((block + 1) * BLOCK, count));
      this.blockLow[block] = found.low;
      this.blockHigh[block] = found.high;
    }
  }

  /** Extremes of candles first to last (exclusive); low is Infinity when there are none. */
  extent(low: Float64Array, high: Float64Array, first: number, last: number): Extent {
    const firstBlock = Math.ceil(first / BLOCK);
    const lastBlock = Math.floor(last / BLOCK);
    if (firstBlock >= lastBlock) return scan(low, high, first, last);
    const inner = scan(this.blockLow, this.blockHigh, firstBlock, lastBlock);
    const head = scan(low, high, first, firstBlock * BLOCK);
    const tail = scan(low, high, lastBlock * BLOCK, last);
    return {
      low: Math.min(inner.low, head.low, tail.low),
      high: Math.max(inner.high, head.high, tail.high),
    };
  }

  /** The largest volume of any bucket of `per` candles between first and last (exclusive). */
  maxVolume(first: number, last: number, per: number): number {
    let most = 0;
    for (let start = Math.floor(first / per) * per; start < last; start += per) {
      const sum = this.sums[Math.min(start + per, last)] - this.sums[start];
      if (sum > most) most = sum;
    }
    return most;
  }

  private reserve(count: number): void {
    if (count + 1 <= this.sums.length) return;
    const blocks = Math.ceil((count * 2) / BLOCK);
    this.sums = grown(this.sums, blocks * BLOCK + 1);
    this.blockLow = grown(this.blockLow, blocks);
    this.blockHigh = grown(this.blockHigh, blocks);
  }
}

function scan(low: Float64Array, high: Float64Array, first: number, last: number): Extent {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = first; i < last; i++) {
    if (low[i] < least) least = low[i];
    if (high[i] > most) most = high[i];
  }
  return { low: least, high: most };
}

/** A longer copy of `column`. */
export function grown(column: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(length);
  longer.set(column);
  return longer;
}
