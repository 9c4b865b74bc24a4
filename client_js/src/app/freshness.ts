import { byId, setData, setText } from "../dom";
import { span } from "../format/time";
import type { PageState } from "./connection";

/** After so long without a trade of any symbol, or without news of the shown one, ms. */
const MARKET_QUIET_MS = 10_000;
const SYMBOL_QUIET_MS = 30_000;
/** Another symbol or interval takes a moment to join, which is no outage, ms. */
const JOINING_MS = 2000;

/** Times of the last arrivals, in ms of one steady clock; null for never. */
export interface Pulse {
  /** A trade of any symbol. */
  market: number | null;
  /** A trade or a quote of the shown symbol. */
  symbol: number | null;
  /** The loss of the connection; null while there is one. */
  lost: number | null;
}

/** The age of the shown values, in words. */
export interface Freshness {
  /** "quiet" if nothing is heard over a working connection, "down" if there is none or no feed. */
  level: "fresh" | "quiet" | "down";
  /** The age in a few words, beside the last price. */
  badge: string;
  /** A sentence over the chart. */
  note: string;
}

const FRESH: Freshness = { level: "fresh", badge: "", note: "" };

/** Say whether the shown values are renewed, and if not, since when and why; `trouble` of its feed comes first, and that of another one last. */
export function freshness(
  state: PageState,
  pulse: Pulse,
  now: number,
  trouble: Freshness | null = null,
): Freshness {
  if (state === "live" && trouble !== null && trouble.level !== "fresh") return trouble;
  if (pulse.symbol === null && pulse.market === null) return FRESH;
  const down = now - (pulse.lost ?? now);
  const isJoining = state === "waiting" || state === "connecting";
  if (state !== "live" && (!isJoining || down >= JOINING_MS)) {
    const age = span(down);
    const why = state === "waiting" ? "No market data" : "Disconnected";
    return {
      level: "down",
      badge: `${why}, ${age}`,
      note: `${why} for ${age}: prices and candles are as they were then.`,
    };
  }
  const market = now - (pulse.market ?? pulse.symbol ?? now);
  if (market > MARKET_QUIET_MS) {
    const badge = `No trades for ${span(market)}`;
    return { level: "quiet", badge, note: `${badge}: the market is quiet, or its feed has ended.` };
  }
  const symbol = now - (pulse.symbol ?? now);
  if (symbol > SYMBOL_QUIET_MS) {
    return { level: "quiet", badge: `Unchanged for ${span(symbol)}`, note: "" };
  }
  return state === "live" ? (trouble ?? FRESH) : FRESH;
}

/** Shows the age of values that are no longer renewed. */
export class FreshnessView {
  private readonly badge = byId("freshness");
  private readonly note = byId("chart-stale");

  render({ level, badge, note }: Freshness): void {
    setData(document.documentElement, "fresh", level);
    setData(this.badge, "age", level);
    setText(this.badge, badge);
    this.badge.hidden = badge === "";
    setText(this.note, note);
    this.note.hidden = note === "";
  }
}
