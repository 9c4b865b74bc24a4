import type { TraceSample } from "../feed/trace";
import { Ring } from "../store/ring";
import { type Journey, journeyOf, type LastStamps } from "./journey";

const TICKS = 1024;
const MOMENTS = 64;
/** A journey that was not presented after this long, in ms, ends where it is. */
const PATIENCE_MS = 3000;

interface Fold {
  symbol: string;
  position: number;
  at: number;
}

interface Frame {
  begun: number;
  at: number;
}

/** A part of the page that shows ticks: the chart those of one symbol, the lists those of all. */
export type Surface = "chart" | "lists";

interface Pending {
  sample: TraceSample;
  arrived: number;
}

/**
 * Joins traces with the page's own stamps: of the messages that brought the ticks, of the candles
 * that include them, of the results and frames that followed. All times are ms since the Unix epoch
 * by the page's clock. Pure: the page tells it what has happened, and when.
 */
export class LastHops {
  /** The symbol whose candles the page shows. */
  symbol: string | null = null;
  /** True if indicators are computed over those candles. */
  computes = false;
  /** True if the page shows the trades of all symbols in lists. */
  hasLists = true;
  private readonly arrivals = new Map<string, { arrived: number; stored: number }>();
  private readonly folds = new Ring<Fold>(MOMENTS);
  private readonly results = new Ring<number>(MOMENTS);
  private readonly frames: Record<Surface, Ring<Frame>> = {
    chart: new Ring(MOMENTS),
    lists: new Ring(MOMENTS),
  };
  private pending: Pending[] = [];

  constructor(private readonly onJourney: (journey: Journey) => void) {}

  /** A trade has arrived and been taken by the page; returns whether it is new. */
  tick(id: string, arrived: number, stored: number): boolean {
    if (this.arrivals.has(id)) return false;
    this.arrivals.set(id, { arrived, stored });
    if (this.arrivals.size > TICKS) {
      const [oldest] = this.arrivals.keys();
      this.arrivals.delete(oldest);
    }
    return true;
  }

  /** A candle that includes the ticks up to `id` is in the store. */
  folded(symbol: string, id: string, at: number): void {
    this.folds.push({ symbol, position: positionOf(id), at });
    this.settle(at);
  }

  /** Results of the worker have come. */
  computed(at: number): void {
    this.results.push(at);
    this.settle(at);
  }

  /** A frame of a surface, whose drawing began at `begun`, has been presented. */
  presented(surface: Surface, begun: number, at: number): void {
    this.frames[surface].push({ begun, at });
    this.settle(at);
  }

  trace(sample: TraceSample, now: number): void {
    const arrived = this.arrivals.get(sample.trace.id)?.arrived;
    this.pending.push({ sample, arrived: arrived ?? now });
    this.settle(now);
  }

  /** Report the journeys that are over. */
  settle(now: number): void {
    if (this.pending.length === 0) return;
    this.pending = this.pending.filter(({ sample, arrived }) => {
      const last = this.stampsOf(sample, arrived);
      const isDrawn = this.hasLists || sample.trace.symbol === this.symbol;
      const isOver = isDrawn ? last.presented !== null : last.stored !== null;
      if (!isOver && now - arrived < PATIENCE_MS) return true;
      this.onJourney(journeyOf(sample, last));
      return false;
    });
  }

  private stampsOf({ trace }: TraceSample, arrived: number): LastStamps {
    const isShown = trace.symbol === this.symbol;
    const stored = isShown
      ? this.foldOf(trace.symbol, positionOf(trace.id), arrived)
      : (this.arrivals.get(trace.id)?.stored ?? null);
    const computes = isShown && this.computes;
    const computed = stored !== null && computes ? first(this.results, (at) => at >= stored) : null;
    const shown = computes ? computed : stored;
    const frames = this.frames[isShown ? "chart" : "lists"];
    const frame = shown === null ? null : first(frames, ({ begun }) => begun >= shown);
    return { arrived, stored, computed, presented: frame?.at ?? null };
  }

  private foldOf(symbol: string, position: number, arrived: number): number | null {
    const fold = first(this.folds, (each) => each.symbol === symbol && each.position >= position);
    // A candle may reach the page before the tick that it includes.
    return fold === null ? null : Math.max(fold.at, arrived);
  }
}

/** The oldest item kept that fits; null if none does. */
function first<T>(ring: Ring<T>, fits: (item: T) => boolean): T | null {
  for (let age = ring.size - 1; age >= 0; age--) {
    const item = ring.newest(age);
    if (item !== undefined && fits(item)) return item;
  }
  return null;
}

/** The position in an id of a topic of one symbol; the rest of it names the epoch. */
function positionOf(id: string): number {
  return Number.parseInt(id.slice(id.indexOf("-") + 1), 36);
}
