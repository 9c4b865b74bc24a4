const SPAN_MS = 60_000;
/** Points of a sparkline over the span. */
export const POINTS = 30;

export interface Quantiles {
  p50: number;
  p99: number;
  count: number;
}

/** The samples of one duration over the last minute; times in ms of any one clock. */
export class LastMinute {
  private readonly at: number[] = [];
  private readonly values: number[] = [];

  add(at: number, value: number): void {
    this.at.push(at);
    this.values.push(value);
    this.dropBefore(at - SPAN_MS);
  }

  /** Quantiles by nearest rank; null without samples. */
  quantiles(now: number): Quantiles | null {
    this.dropBefore(now - SPAN_MS);
    const sorted = [...this.values].sort((a, b) => a - b);
    const count = sorted.length;
    if (count === 0) return null;
    const ranked = (share: number) => sorted[Math.ceil(share * count) - 1];
    return { p50: ranked(0.5), p99: ranked(0.99), count };
  }

  /** The mean of each of `POINTS` parts of the span, oldest first; null for a part without any. */
  points(now: number): (number | null)[] {
    const sums = new Array<number>(POINTS).fill(0);
    const counts = new Array<number>(POINTS).fill(0);
    this.at.forEach((at, index) => {
      const part = POINTS - 1 - Math.floor(((now - at) / SPAN_MS) * POINTS);
      if (part < 0 || part >= POINTS) return;
      sums[part] += this.values[index];
      counts[part]++;
    });
    return sums.map((sum, part) => (counts[part] === 0 ? null : sum / counts[part]));
  }

  clear(): void {
    this.at.length = this.values.length = 0;
  }

  private dropBefore(oldest: number): void {
    const kept = this.at.findIndex((at) => at > oldest);
    const gone = kept === -1 ? this.at.length : kept;
    this.at.splice(0, gone);
    this.values.splice(0, gone);
  }
}
