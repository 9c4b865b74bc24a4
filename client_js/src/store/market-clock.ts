import { type TimeInput, timeOf } from "./values";

/** A tick up to this much behind the clock is one that travelled longer, ms. */
const JITTER_MS = 1000;
/** A tick up to this much older than the newest one came late; beyond, the feed began anew, ms. */
const LATE_MS = 60_000;
/** After so long without a tick, the feed may have stopped, and its clock with it, ms. */
const QUIET_MS = 60_000;

/**
 * The clock of a feed: the time of its newest tick, going on as our clock does. A recording that is
 * played is years behind our clock; this one tells the time in it.
 */
export class MarketClock {
  private newest = Number.NEGATIVE_INFINITY;
  /** The feed's time was `time` when our clock was at `at`; null before the first tick. */
  private known: { time: number; at: number } | null = null;
  private heardAt = 0;

  /** `ours` reads a steady clock in ms. */
  constructor(private readonly ours: () => number = () => performance.now()) {}

  /** A tick has come: `event` is its time. Throws as `timeOf` does. */
  hear(event: TimeInput): void {
    const time = timeOf(event);
    const at = this.ours();
    this.heardAt = at;
    if (time <= this.newest && this.newest - time < LATE_MS) return;
    this.newest = time;
    const now = this.at(at);
    const isWithinJitter = now !== null && time <= now && now - time < JITTER_MS;
    if (!isWithinJitter) this.known = { time, at };
  }

  /** The feed's time, ms since the Unix epoch; null if no tick has come for a while. */
  now(): number | null {
    const at = this.ours();
    return at - this.heardAt < QUIET_MS ? this.at(at) : null;
  }

  private at(at: number): number | null {
    return this.known === null ? null : this.known.time + at - this.known.at;
  }
}
