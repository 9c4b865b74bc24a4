import { nsToMs } from "../feed/clock";
import type { FeedReport } from "../feed/payloads";
import { span } from "../format/time";
import type { Freshness } from "./freshness";

/**
 * Say which feed is down or stale, and since when: that of the symbol shown, numbered `own`, before
 * others, and one that is down before one that is stale. The values of a symbol are fresh all the
 * same if the feed is another, which needs no note. Null if all are up.
 */
export function feedTrouble(
  feeds: readonly FeedReport[],
  own: number | null,
  now: number,
): Freshness | null {
  const troubled = feeds.filter(({ state }) => state === "down" || state === "stale");
  const feed =
    troubled.find(({ number }) => number === own) ??
    troubled.find(({ state }) => state === "down") ??
    troubled[0];
  if (feed === undefined) return null;
  const age = span(Math.max(0, now - nsToMs(feed.since)));
  const name = feeds.length > 1 ? `Feed ${feed.number}` : "Feed";
  const why = feed.detail === "" ? "" : `: ${feed.detail}`;
  const badge = `${name} ${feed.state}, ${age}`;
  if (own !== null && feed.number !== own) return { level: "fresh", badge, note: "" };
  return feed.state === "down"
    ? { level: "down", badge, note: `${name} down for ${age}${why}.` }
    : { level: "quiet", badge, note: `No data for ${age}${why}.` };
}
