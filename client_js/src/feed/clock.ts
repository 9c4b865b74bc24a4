const SAMPLES = 16;

/**
 * Estimates how far the server's clock is ahead of ours from question-and-answer samples. The
 * fastest round trip wins: its answer can be off by no more than half of it.
 */
export class ClockEstimate {
  private readonly samples: { roundTrip: number; offset: number }[] = [];

  /** Asked at `sent`, answered at `received` (our clock, ms) with the server's `now` (ms). */
  add(sent: number, received: number, now: number): void {
    const offset = now - (sent + received) / 2;
    this.samples.push({ roundTrip: received - sent, offset });
    if (this.samples.length > SAMPLES) this.samples.shift();
  }

  get known(): boolean {
    return this.samples.length > 0;
  }

  /** Milliseconds to add to our clock for the server's. */
  get offset(): number {
    return this.best()?.offset ?? 0;
  }

  /** Round trip of the best sample in ms, which bounds twice the error of `offset`. */
  get roundTrip(): number {
    return this.best()?.roundTrip ?? Number.POSITIVE_INFINITY;
  }

  /** Forget everything: another server may have another clock. */
  clear(): void {
    this.samples.length = 0;
  }

  private best() {
    return this.samples.reduce<(typeof this.samples)[0] | null>(
      (least, each) => (least === null || each.roundTrip < least.roundTrip ? each : least),
      null,
    );
  }
}

/** Our clock in ms since the Unix epoch, with the precision of the high-resolution timer. */
export function preciseNow(): number {
  return performance.timeOrigin + performance.now();
}

/** Nanoseconds as the wire carries them, in ms; exact to a quarter of a microsecond. */
export function nsToMs(ns: string): number {
  return Number(ns.slice(0, -6)) + Number(ns.slice(-6)) / 1e6;
}
