import type { PackedTicks } from "./binary";
import type { Missed } from "./payloads";
import { type FeedPositions, idOf, isSameFeed, partsOf } from "./position";

/** The outcome of a rejoin: everything was recovered, or the range that is gone. */
export type Recovery = { recovered: true } | { recovered: false; missed: Missed | null };

/**
 * The newest id seen by a subscription. It becomes `since` at a rejoin, so that a stock phoenix.js
 * channel resumes without a gap or a duplicate.
 */
export class Cursor {
  private movedAt = Date.now();

  /**
   * Starts after the id `newest`. If nothing was received for `resumeWithinMs`, a rejoin starts
   * afresh instead of fetching everything since.
   */
  constructor(
    private newest: string | null = null,
    private readonly resumeWithinMs = Number.POSITIVE_INFINITY,
  ) {}

  get id(): string | null {
    return this.newest;
  }

  /** Join params that resume, to be merged with others. */
  params(): { since?: string } {
    if (Date.now() - this.movedAt > this.resumeWithinMs) this.newest = null;
    return this.newest === null ? {} : { since: this.newest };
  }

  /**
   * Process a join reply; returns the outcome of resuming, or null for a first join. The reply's id
   * is adopted only if nothing is replayed before it; otherwise each tick advances the position.
   */
  joined(reply: { id: string; recovered?: boolean; missed?: Missed }): Recovery | null {
    this.movedAt = Date.now();
    if (reply.recovered === true) return { recovered: true };
    const first = this.newest === null;
    this.newest =
      this.newest === null || !reply.missed ? reply.id : after(this.newest, reply.missed);
    return first ? null : { recovered: false, missed: reply.missed ?? null };
  }

  /** Advance to the id of an event. */
  moved(id: string): void {
    this.newest = id;
    this.movedAt = Date.now();
  }

  /** Advance past packed ticks, which carry their shard's position instead of an id. */
  movedTo({ epoch, shard, last }: Pick<PackedTicks, "epoch" | "shard" | "last">): void {
    this.movedAt = Date.now();
    const parts = this.newest === null ? [] : partsOf(this.newest);
    const known = parts.find((part) => part.epoch === epoch)?.positions ?? [];
    known[shard] = last.toString(36);
    // A shard without a known position is read from its beginning.
    const moved = { epoch, positions: Array.from(known, (each) => each ?? "0") };
    this.newest = idOf(replaced(parts, [moved]));
  }
}

/** The position after what is gone; the feeds that lost nothing stay where they were. */
function after(id: string, { from, to }: Missed): string {
  const gone = partsOf(from);
  const kept = partsOf(id).filter((part) => !gone.some((other) => isSameFeed(part, other)));
  return idOf(replaced(kept, partsOf(to)));
}

/** The parts with others in place of those of the same feeds, in the order of feeds. */
function replaced(parts: FeedPositions[], by: FeedPositions[]): FeedPositions[] {
  const kept = parts.filter((part) => !by.some((other) => isSameFeed(part, other)));
  return [...kept, ...by].sort((one, other) => (one.epoch < other.epoch ? -1 : 1));
}
