import { nsToMs } from "../feed/clock";
import type { TraceSample } from "../feed/trace";
import { HOPS, type Hop } from "./stages";

/** Age of a tick on arrival below which its feed is live; those of a recording are older. */
const LIVE_FEED_MS = 3_600_000;

/** The page's own stamps of a trace, in ms since the Unix epoch by the page's clock. */
export interface LastStamps {
  arrived: number;
  stored: number | null;
  /** Null if no indicator is on. */
  computed: number | null;
  presented: number | null;
}

/** One hop of one tick: ms from the beginning of the journey, and ms that it took. */
export interface Leg {
  hop: Hop;
  from: number;
  took: number;
}

/** The way of one traced tick through the pipeline. */
export interface Journey {
  id: string;
  symbol: string;
  price: string | null;
  volume: number | null;
  /** Arrival of the feed's bytes, in ms since the Unix epoch by the server machine's clock. */
  began: number;
  /** The hops that were measured, in their order. */
  legs: Leg[];
  /** ms from the feed's bytes to the last stamp. */
  total: number;
  /** Greatest error of the network hop, in ms. */
  offsetError: number;
  /** True once it has reached the screen. */
  isPresented: boolean;
}

/** Put a trace and the page's own stamps together. */
export function journeyOf(sample: TraceSample, last: LastStamps): Journey {
  const { trace, at, offset } = sample;
  const onServer = (own: number | null) => (own === null ? null : own + offset);
  const stamps: (number | null)[] = [
    venueTime(sample),
    ...at.slice(0, -1),
    onServer(last.arrived),
    onServer(last.stored),
    onServer(last.computed),
    onServer(last.presented),
  ];
  const began = at[0];
  const legs = legsOf(stamps, began);
  const end = legs.reduce((latest, { from, took }) => Math.max(latest, from + took), 0);
  return {
    id: trace.id,
    symbol: trace.symbol,
    price: trace.price,
    volume: trace.volume,
    began,
    legs,
    total: end,
    offsetError: sample.offsetError,
    isPresented: last.presented !== null,
  };
}

/** The venue's own time of the tick, in ms; null for a recording, whose times are of another day. */
function venueTime({ trace, at }: TraceSample): number | null {
  const venue = nsToMs(trace.ts_event);
  const age = at[0] - venue;
  return age >= 0 && age < LIVE_FEED_MS ? venue : null;
}

/** The hop from each stamp to the next; a missing stamp's hop is left out. */
function legsOf(stamps: readonly (number | null)[], began: number): Leg[] {
  const legs: Leg[] = [];
  let previous = stamps[0];
  HOPS.forEach((hop, index) => {
    const stamp = stamps[index + 1];
    if (stamp === null) return;
    if (previous !== null) {
      const from = previous - began;
      legs.push({ hop, from, took: Math.max(stamp - previous, 0) });
    }
    previous = stamp;
  });
  return legs;
}
