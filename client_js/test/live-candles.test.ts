import fc from "fast-check";
import { expect, test } from "vitest";
import { LiveCandles } from "../src/app/live-candles";
import type { Tick } from "../src/feed/payloads";
import { isAfter } from "../src/feed/position";
import { type Bar, CandleStore } from "../src/store/candle-store";
import { ALWAYS, boundsOf } from "../src/store/trading-hours";

const MINUTE = 60_000;

const id = (position: number) => `e-${position.toString(36)}`;

function tick(position: number, price: number, timestamp: number): Tick {
  const at = { timestamp, ts_event: `${timestamp}000000`, id: id(position) };
  return { symbol: "ESU4", price: price.toFixed(2), volume: 1, side: "B", ...at };
}

/** The candles of the first `count` ticks, as the server has them. */
function candlesOf(ticks: readonly Tick[], count: number): Bar[] {
  const bars: Bar[] = [];
  for (const { price, timestamp } of ticks.slice(0, count)) {
    const time = Math.floor(timestamp / MINUTE) * MINUTE;
    const bar = bars[bars.length - 1];
    if (bar?.time !== time) {
      bars.push({ time, open: price, high: price, low: price, close: price, volume: 1, trades: 1 });
      continue;
    }
    bar.high = Number(price) > Number(bar.high) ? price : bar.high;
    bar.low = Number(price) < Number(bar.low) ? price : bar.low;
    bar.close = price;
    bar.volume++;
    bar.trades++;
  }
  return bars;
}

test("whenever the server's candles come, those shown hold each trade once, and end with the last", () => {
  const steps = fc.array(
    fc.record({
      price: fc.integer({ min: 1, max: 40 }),
      gap: fc.integer({ min: 0, max: 90_000 }),
      // How many trades the candle that comes after this one is behind; none comes above 3.
      behind: fc.integer({ min: -2, max: 8 }),
    }),
    { minLength: 1, maxLength: 40 },
  );
  fc.assert(
    fc.property(steps, (given) => {
      let at = MINUTE;
      const ticks = given.map(({ price, gap }, index) => {
        at += gap;
        return tick(index + 1, price / 4, at);
      });
      const live = new LiveCandles(new CandleStore("0.25"), boundsOf("1m", ALWAYS));
      live.reset([], id(0));
      let known = 0;
      given.forEach(({ behind }, index) => {
        live.trade(ticks[index]);
        const held = Math.min(index + 1 - behind, ticks.length);
        if (behind <= 3 && held > known) {
          for (const bar of candlesOf(ticks, held).slice(-3)) live.apply(bar, id(held));
          known = held;
        }
        const { store } = live;
        const shown = Array.from({ length: store.count }, (_, at) => store.bar(at));
        const wanted = candlesOf(ticks, Math.max(index + 1, known));
        // A trade before the newest candle waits for the server's to move that candle's close.
        expect(Number(shown.at(-1)?.close)).toBe(Number(wanted.at(-1)?.close));
        expect(shown.map(({ volume }) => volume)).toEqual(wanted.map(({ volume }) => volume));
      });
    }),
  );
});

test("a market made anew replaces candles and trades; its own later trades stay", () => {
  const live = new LiveCandles(new CandleStore("0.25"), boundsOf("1m", ALWAYS));
  live.reset([], "e-0");
  live.trade(tick(1, 10, MINUTE));
  live.trade({ ...tick(1, 20, 3 * MINUTE), id: "f-1" });
  live.trade({ ...tick(2, 21, 3 * MINUTE + 1), id: "f-2" });
  live.reset(candlesOf([tick(1, 20, 3 * MINUTE)], 1), "f-1");
  expect(live.store.count).toBe(1);
  expect(live.store.bar(0)).toMatchObject({ time: 3 * MINUTE, close: "21.00", volume: 2 });
});

test("positions are compared by shard, as numbers of base 36", () => {
  expect(isAfter("e-10", "e-z")).toBe(true);
  expect(isAfter("e-z", "e-10")).toBe(false);
  expect(isAfter("e-5", "e-5")).toBe(false);
  expect(isAfter("e-5.9", "e-5.8")).toBe(true);
  expect(isAfter("f-1", "e-5")).toBe(true);
});
