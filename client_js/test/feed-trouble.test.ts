import { expect, test } from "vitest";
import { feedTrouble } from "../src/app/feed-trouble";
import { freshness } from "../src/app/freshness";
import type { FeedReport } from "../src/feed/payloads";

const NOW = 1_700_000_000_000;

function feed(number: number, state: FeedReport["state"], secondsAgo: number): FeedReport {
  const since = `${NOW - secondsAgo * 1000}000000`;
  return { number, state, since, detail: "GLBX.MDP3", rate: 0, standbys: 0 };
}

test("feeds that are up are no trouble", () => {
  expect(feedTrouble([], 1, NOW)).toBeNull();
  expect(feedTrouble([feed(1, "up", 5), feed(2, "unknown", 5)], 1, NOW)).toBeNull();
});

test("a feed that is stale or down is told with its time and reason", () => {
  expect(feedTrouble([feed(1, "stale", 120)], 1, NOW)).toEqual({
    level: "quiet",
    badge: "Feed stale, 2 min",
    note: "No data for 2 min: GLBX.MDP3.",
  });
  expect(feedTrouble([feed(1, "down", 12)], 1, NOW)?.note).toBe("Feed down for 12 s: GLBX.MDP3.");
});

test("of several feeds the one that is down comes first, by its number", () => {
  const feeds = [feed(1, "stale", 90), feed(2, "down", 3), feed(3, "down", 4)];
  expect(feedTrouble(feeds, 4, NOW)?.badge).toBe("Feed 2 down, 3 s");
  expect(feedTrouble(feeds, null, NOW)?.badge).toBe("Feed 2 down, 3 s");
});

test("the feed of the symbol shown comes before others, which leave its values as they are", () => {
  const feeds = [feed(1, "stale", 90), feed(2, "down", 3)];
  expect(feedTrouble(feeds, 1, NOW)).toMatchObject({
    level: "quiet",
    badge: "Feed 1 stale, 2 min",
  });
  const elsewhere = feedTrouble(feeds, 3, NOW);
  expect(elsewhere).toEqual({ level: "fresh", badge: "Feed 2 down, 3 s", note: "" });
  const pulse = { market: 0, symbol: 0, lost: null };
  expect(freshness("live", pulse, 1000, elsewhere)).toBe(elsewhere);
  expect(freshness("live", pulse, 60_000, elsewhere).badge).toContain("No trades");
});

test("the trouble of a feed is shown on a page that is connected", () => {
  const trouble = feedTrouble([feed(1, "down", 12)], 1, NOW);
  const pulse = { market: 0, symbol: 0, lost: null };
  expect(freshness("live", pulse, 1000, trouble).badge).toBe("Feed down, 12 s");
  expect(freshness("reconnecting", { ...pulse, lost: 0 }, 3000, trouble).badge).toContain(
    "Disconnected",
  );
});
