import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { References } from "../src/app/references";
import type { CandlesHandlers } from "../src/feed/candles";
import type { MarketFeed } from "../src/feed/feed";
import type { CandlesReply } from "../src/feed/payloads";

const DAY = ["1d"] as const;
const PATIENCE_MS = 5000;
const REPLY = { candles: [[0, "1", "2", "1", "2", 5, 1]] } as unknown as CandlesReply;

/** References over a feed that answers when the test says so. */
function made() {
  const joins: { topic: string; handlers: CandlesHandlers }[] = [];
  const told: string[] = [];
  const candles = (symbol: string, interval: string, handlers: CandlesHandlers) => {
    joins.push({ topic: `${symbol} ${interval}`, handlers });
    return { leave: () => {} };
  };
  const references = new References({ candles } as unknown as MarketFeed, {
    onDay: (symbol) => told.push(symbol),
    onCloses: () => {},
    isJoined: () => false,
  });
  return { references, joins, told, topics: () => joins.map(({ topic }) => topic) };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a request whose reply is slow comes again, after those that wait", () => {
  const { references, joins, told, topics } = made();
  for (const symbol of ["A", "B", "C", "D", "E"]) references.want(symbol, DAY);
  expect(topics()).toEqual(["A 1d", "B 1d", "C 1d", "D 1d"]);
  for (const { handlers } of joins.slice(1, 4)) handlers.onHistory?.(REPLY);
  expect(topics().slice(4)).toEqual(["E 1d"]);
  joins[4].handlers.onHistory?.(REPLY);
  vi.advanceTimersByTime(PATIENCE_MS);
  expect(topics().slice(5)).toEqual(["A 1d"]);
  joins[5].handlers.onHistory?.(REPLY);
  expect(told).toEqual(["B", "C", "D", "E", "A"]);
  vi.advanceTimersByTime(10 * PATIENCE_MS);
  expect(joins).toHaveLength(6);
});

test("a request that the page has joined elsewhere, or a refused one, does not come again", () => {
  const { references, joins } = made();
  references.want("A", DAY);
  references.want("B", DAY);
  references.haveShown({ symbol: "A", interval: "1m" });
  joins[1].handlers.onRefused?.("unknown symbol");
  vi.advanceTimersByTime(10 * PATIENCE_MS);
  expect(joins).toHaveLength(2);
});

test("all that is under way is forgotten with a table of other symbols", () => {
  const { references, joins } = made();
  references.want("A", DAY);
  references.forget();
  references.want("A", DAY);
  joins[1].handlers.onHistory?.(REPLY);
  vi.advanceTimersByTime(10 * PATIENCE_MS);
  expect(joins).toHaveLength(2);
});
