import type { Journey } from "./journey";
import type { Hop } from "./stages";

/** A dot on the way that begins at a node, at a share of it from 0 to 1. */
export interface Dot {
  id: string;
  way: number;
  share: number;
}

/** The hops that each way between two nodes stands for. */
const WAYS: readonly (readonly Hop[])[] = [
  ["parse"],
  ["write"],
  ["read"],
  ["encode", "send", "network"],
  ["fold"],
  ["compute"],
  ["present"],
];

/** The time, in ms, that a dot should take from the feed to the screen. */
const WATCHABLE_MS = 3200;
/** Shorter ways are drawn this long, in ms: less cannot be seen. */
const LEAST_MS = 140;
/** Longer ways are cut to this, in ms, so that dots do not gather. */
const MOST_MS = 6000;
const SLOWDOWNS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];
const MOST_DOTS = 24;

/** Return the factor by which dots move slower than life if a journey takes `total` ms. */
export function slowdownFor(total: number): number {
  const wanted = WATCHABLE_MS / Math.max(total, 1e-3);
  return SLOWDOWNS.findLast((each) => each <= wanted) ?? 1;
}

interface Trip {
  id: string;
  began: number;
  /** The time at which each way ends, in ms from the beginning. */
  ends: number[];
}

/** The dots of the journeys, each slowed down alike. Times are ms of any steady clock. */
export class Motion {
  slowdown = 100;
  private trips: Trip[] = [];

  /** Let a dot set out at `now`. */
  start(journey: Journey, now: number): void {
    if (this.trips.length >= MOST_DOTS) return;
    let end = 0;
    const ends = waysOf(journey).map((hops) => {
      const took = journey.legs.reduce(
        (sum, leg) => sum + (hops.includes(leg.hop) ? leg.took : 0),
        0,
      );
      end += Math.min(Math.max(took * this.slowdown, LEAST_MS), MOST_MS);
      return end;
    });
    if (ends.length > 0) this.trips.push({ id: journey.id, began: now, ends });
  }

  /** The dots at `now`; those that have arrived are gone. */
  dots(now: number): Dot[] {
    this.trips = this.trips.filter(({ began, ends }) => now - began < ends[ends.length - 1]);
    return this.trips.map(({ id, began, ends }) => {
      const elapsed = Math.max(now - began, 0);
      const way = ends.findIndex((end) => elapsed < end);
      const start = way === 0 ? 0 : ends[way - 1];
      return { id, way, share: (elapsed - start) / (ends[way] - start) };
    });
  }

  /** True while there is something to draw. */
  get isMoving(): boolean {
    return this.trips.length > 0;
  }

  clear(): void {
    this.trips = [];
  }
}

/** The ways that a journey took: all, or those up to where it ended. */
function waysOf({ legs, isPresented }: Journey): readonly (readonly Hop[])[] {
  if (isPresented) return WAYS;
  const last = WAYS.findLastIndex((hops) => legs.some(({ hop }) => hops.includes(hop)));
  return WAYS.slice(0, last + 1);
}
