import { nsToMs } from "../feed/clock";
import type { FeedReport } from "../feed/payloads";
import { span } from "../format/time";

/** A feed that is not up, in words. */
export interface FeedTrouble {
  level: "quiet" | "down";
  /** A few words, beside the last price. */
  badge: string;
  /** A sentence over the chart. */
  note: string;
}

/** Say which feed is down or stale, and since when; the one that is down first. Null if all are up. */
export function feedTrouble(feeds: readonly FeedReport[], now: number): FeedTrouble | null {
  const feed =
    feeds.find(({ state }) => state === "down") ?? feeds.find(({ state }) => state === "stale");
  if (feed === undefined) return null;
  const age = span(Math.max(0, now - nsToMs(feed.since)));
  const name = feeds.length > 1 ? `Feed ${feed.number}` : "Feed";
  const why = feed.detail === "" ? "" : `: ${feed.detail}`;
  if (feed.state === "down") {
    const badge = `${name} down, ${age}`;
    return { level: "down", badge, note: `${name} down for ${age}${why}.` };
  }
  return { level: "quiet", badge: `${name} stale, ${age}`, note: `No data for ${age}${why}.` };
}
