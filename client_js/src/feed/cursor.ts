import type { PackedTicks } from "./binary";
import type { Missed } from "./payloads";

/** What a rejoin found: everything was there, or what is gone. */
export type Recovery = { recovered: true } | { recovered: false; missed: Missed | null };

/**
 * Where a subscription stands in its topic. The newest id seen goes into `since` at a rejoin, so a
 * stock phoenix.js channel goes on without a gap or a duplicate.
 */
export class Cursor {
  private movedAt = Date.now();

  /**
   * Begins after the id `newest`. When nothing came for `resumeWithinMs`, a rejoin begins anew
   * instead of fetching all that happened since.
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
   * Take a join reply: how the resume went, or null when this was a first join. The reply's id is
   * taken only when nothing is replayed before it, else each tick moves the cursor.
   */
  joined(reply: { id: string; recovered?: boolean; missed?: Missed }): Recovery | null {
    this.movedAt = Date.now();
    if (reply.recovered === true) return { recovered: true };
    const first = this.newest === null;
    this.newest = first ? reply.id : (reply.missed?.to ?? reply.id);
    return first ? null : { recovered: false, missed: reply.missed ?? null };
  }

  /** Take the id of an event. */
  moved(id: string): void {
    this.newest = id;
    this.movedAt = Date.now();
  }

  /** Take packed ticks: they carry their shard's position instead of an id. */
  movedTo({ epoch, shard, last }: Pick<PackedTicks, "epoch" | "shard" | "last">): void {
    this.movedAt = Date.now();
    const [known, places = ""] = (this.newest ?? "").split("-");
    const positions = known === epoch ? places.split(".") : [];
    positions[shard] = last.toString(36);
    // Of a shard that nothing is known of, everything is wanted.
    this.newest = `${epoch}-${Array.from(positions, (each) => each ?? "0").join(".")}`;
  }
}
