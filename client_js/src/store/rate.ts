const BUCKET_MS = 250;

/** Events a second over the last two seconds, counted in quarter seconds. */
export class RateCounter {
  /** Events since the beginning. */
  total = 0;
  private readonly buckets = new Float64Array(2000 / BUCKET_MS);
  private slot = -1;

  /** Count `events` at `now` (ms of any steady clock). */
  add(now: number, events = 1): void {
    this.advance(now);
    this.total += events;
    this.buckets[this.slot % this.buckets.length] += events;
  }

  /** Events a second up to `now`. */
  perSecond(now: number): number {
    this.advance(now);
    const sum = this.buckets.reduce((all, each) => all + each, 0);
    return sum / ((this.buckets.length * BUCKET_MS) / 1000);
  }

  private advance(now: number): void {
    const slot = Math.floor(now / BUCKET_MS);
    const stale = Math.min(slot - this.slot, this.buckets.length);
    for (let i = 0; i < stale; i++) this.buckets[(slot - i) % this.buckets.length] = 0;
    this.slot = Math.max(slot, this.slot);
  }
}
