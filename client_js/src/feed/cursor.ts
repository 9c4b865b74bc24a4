import type { PackedTicks } from "./binary";
import type { Missed } from "./payloads";

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
    this.newest = first ? reply.id : (reply.missed?.to ?? reply.id);
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
    const [known, places = ""] = (this.newest ?? "").split("-");
    const positions = known === epoch ? places.split(".") : [];
    positions[shard] = last.toString(36);
    // A shard without a known position is read from its beginning.
    this.newest = `${epoch}-${Array.from(positions, (each) => each ?? "0").join(".")}`;
  }
}
