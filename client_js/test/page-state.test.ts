import { expect, test } from "vitest";
import { firstSymbol } from "../src/app/choice";
import { emptiness } from "../src/app/empty";
import { freshness } from "../src/app/freshness";
import { duration, plainNumber, times } from "../src/app/words";

const heard = { market: 1000, symbol: 1000, lost: null };

test("values are fresh while they are renewed, and before the first", () => {
  expect(freshness("live", heard, 9000).level).toBe("fresh");
  const never = { market: null, symbol: null, lost: 0 };
  expect(freshness("connecting", never, 60_000).level).toBe("fresh");
});

test("a lost connection makes values stale at once, with their age", () => {
  const told = freshness("reconnecting", { ...heard, lost: 1000 }, 13_000);
  expect(told).toMatchObject({ level: "down", badge: "Disconnected, 12 s" });
  expect(told.note).toContain("Disconnected for 12 s");
  expect(freshness("closed", { ...heard, lost: 1000 }, 1000).level).toBe("down");
});

test("another symbol takes a moment to join, which is no outage", () => {
  expect(freshness("waiting", { ...heard, lost: 5000 }, 6000).level).toBe("fresh");
  const told = freshness("waiting", { ...heard, lost: 5000 }, 8000);
  expect(told).toMatchObject({ level: "down", badge: "No market data, 3 s" });
});

test("a quiet market and a quiet symbol are told apart", () => {
  const market = freshness("live", heard, 16_000);
  expect(market).toMatchObject({ level: "quiet", badge: "No trades for 15 s" });
  expect(market.note).toContain("its feed has ended");
  const symbol = freshness("live", { ...heard, market: 59_000 }, 61_000);
  expect(symbol).toEqual({ level: "quiet", badge: "Unchanged for 1 min", note: "" });
});

const wanted = { symbol: "ESU4", interval: "1m", candles: 0, refusal: null };

test("a chart without candles says why", () => {
  const open = { state: "open" } as const;
  const say = (...given: Parameters<typeof emptiness>) => emptiness(...given)?.title;
  expect(say("live", open, { ...wanted, candles: 3 }, 0)).toBeUndefined();
  expect(say("connecting", { state: "connecting" }, wanted, 0)).toBe("Connecting");
  expect(say("waiting", open, { ...wanted, symbol: null }, 0)).toBe("Waiting for instruments");
  expect(say("waiting", open, wanted, 0)).toBe("Loading candles");
  expect(say("live", open, wanted, 0)).toBe("No trades of ESU4 yet");
  const refused = emptiness("waiting", open, { ...wanted, refusal: "unknown symbol" }, 0);
  expect(refused).toMatchObject({ kind: "refused", title: "No candles of ESU4, 1m" });
  expect(refused?.detail).toContain("unknown symbol");
});

test("after a second failure the user is told what may be wrong", () => {
  const trying = (tries: number) =>
    emptiness("reconnecting", { state: "reconnecting", retryAt: 3000, tries }, wanted, 0);
  expect(trying(1)?.title).toBe("Reconnecting in 3 s");
  expect(trying(2)?.title).toBe("The server cannot be reached");
  expect(trying(2)?.detail).toContain("token");
});

test("the first symbol is the one asked for, in any case, else the one kept, else the first", () => {
  const symbols = ["MSFT", "AAPL", "EUR/USD"];
  expect(firstSymbol([], "AAPL", null)).toBeNull();
  expect(firstSymbol(symbols, null, null)).toEqual({ symbol: "AAPL", missing: null });
  expect(firstSymbol(symbols, null, "MSFT")).toEqual({ symbol: "MSFT", missing: null });
  expect(firstSymbol(symbols, null, "GONE")).toEqual({ symbol: "AAPL", missing: null });
  expect(firstSymbol(symbols, "eur/usd", "MSFT")).toEqual({ symbol: "EUR/USD", missing: null });
  expect(firstSymbol(symbols, "XYZ", null)).toEqual({ symbol: "AAPL", missing: "XYZ" });
});

test("numbers have as many digits as anyone reads", () => {
  expect([66_050, 96.4, 12.34, 0.0312, -3].map(plainNumber)).toEqual([
    "66,050",
    "96.4",
    "12.3",
    "0.031",
    "−3",
  ]);
  expect([0.0001, 0.0031, 0.9, 150].map(duration)).toEqual([
    "less than 1 ms",
    "3 ms",
    "0.9 s",
    "2.5 min",
  ]);
  expect(times(400, 100)).toBe("4 times as much as usual");
  expect(times(10, 100)).toBe("10 times less than usual");
  expect(times(100, 100)).toBe("");
  expect(times(5, 0)).toBe("");
});
