const SAMPLES = 16;

/**
 * Estimates the offset of the server's clock from request and reply samples. The sample with the
 * shortest round trip is used: its error is at most half of that round trip.
 */
export class ClockEstimate {
  private readonly samples: { roundTrip: number; offset: number }[] = [];

  /** Add a sample: sent and received by our clock (ms), with the server's `now` (ms). */
  add(sent: number, received: number, now: number): void {
    const offset = now - (sent + received) / 2;
    this.samples.push({ roundTrip: received - sent, offset });
    if (this.samples.length > SAMPLES) this.samples.shift();
  }

  get known(): boolean {
    return this.samples.length > 0;
  }

  /** Milliseconds to add to our clock to get the server's. */
  get offset(): number {
    return this.best()?.offset ?? 0;
  }

  /** Round trip of the best sample in ms: twice the maximum error of `offset`. */
  get roundTrip(): number {
    return this.best()?.roundTrip ?? Number.POSITIVE_INFINITY;
  }

  /** Forget all samples, since another server may have another clock. */
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
