import fc from "fast-check";
import { expect, test } from "vitest";
import { AlertBook, type Fired } from "../src/alerts/alert-book";
import { CrossingWatch } from "../src/alerts/crossing";
import { hold } from "../src/app/missed-prices";
import type { CandleTuple } from "../src/feed/payloads";

function book() {
  const fired: Fired[] = [];
  let changes = 0;
  const made = new AlertBook({
    onFired: (each) => void fired.push(each),
    onChange: () => void changes++,
  });
  return { book: made, fired, changes: () => changes };
}

const prices = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 40 });

test("a level is crossed exactly when the side changes", () => {
  fc.assert(
    fc.property(prices, fc.integer({ min: 1, max: 9 }), (all, level) => {
      const watch = new CrossingWatch(level);
      // Prices at the level belong to the side that they came from, turned round.
      const found = all.map((price) => watch.price(price));
      let side = 0;
      const wanted = all.map((price) => {
        const moved = Math.sign(price - level);
        if (side === 0) {
          side = moved;
          return null;
        }
        if (moved === side) return null;
        side = -side;
        return side > 0 ? "up" : "down";
      });
      expect(found).toEqual(wanted);
    }),
  );
});

test.each([
  ["rises through it, over a gap", [10, 30], "up"],
  ["falls through it, over a gap", [30, 10], "down"],
  ["reaches it from below", [19, 20], "up"],
  ["reaches it from above", [21, 20], "down"],
  ["begins at it", [20, 25], null],
  ["stays below", [10, 19], null],
])("a price that %s", (_, all, wanted) => {
  const watch = new CrossingWatch(20);
  expect(all.map((price) => watch.price(price)).at(-1)).toBe(wanted);
});

test("an alert is told once, or at each crossing", () => {
  const { book: alerts, fired } = book();
  alerts.add({ symbol: "ESU4", price: 20 });
  alerts.add({ symbol: "ESU4", price: 20, when: "every", note: "again" });
  for (const [time, price] of [10, 25, 15, 22].entries()) alerts.trade("ESU4", price, time);
  expect(fired.map(({ alert, direction, time }) => [alert.note, direction, time])).toEqual([
    ["", "up", 1],
    ["again", "up", 1],
    ["again", "down", 2],
    ["again", "up", 3],
  ]);
  expect(alerts.all.map(({ firedAt }) => firedAt)).toEqual([1, 3]);
  expect([...alerts.waiting]).toEqual([["ESU4", 3]]);
});

test("another symbol's prices reach nothing", () => {
  const { book: alerts, fired } = book();
  alerts.add({ symbol: "ESU4", price: 20 });
  for (const [time, price] of [10, 30].entries()) alerts.trade("NQU4", price, time);
  expect(fired).toEqual([]);
});

test("the first trade after an alert was made may reach it", () => {
  const { book: alerts, fired } = book();
  alerts.add({ symbol: "ESU4", price: 20 }, 10);
  alerts.trade("ESU4", 20, 1);
  alerts.add({ symbol: "ESU4", price: 15 });
  alerts.trade("ESU4", 12, 2);
  expect(fired.map(({ alert, direction }) => [alert.price, direction])).toEqual([
    [20, "up"],
    [15, "down"],
  ]);
});

test("an alert that is moved waits again", () => {
  const { book: alerts, fired } = book();
  const { id } = alerts.add({ symbol: "ESU4", price: 20 });
  for (const [time, price] of [10, 25].entries()) alerts.trade("ESU4", price, time);
  alerts.change(id, { price: 30 });
  expect(alerts.all[0]?.firedAt).toBeNull();
  alerts.trade("ESU4", 26, 2);
  alerts.trade("ESU4", 31, 3);
  expect(fired.map(({ time }) => time)).toEqual([1, 3]);
  expect(alerts.remove(id)).toBe(true);
  expect(alerts.remove(id)).toBe(false);
});

test("a market that goes back in time crosses nothing on the way", () => {
  const { book: alerts, fired } = book();
  alerts.add({ symbol: "ESU4", price: 20 });
  alerts.trade("ESU4", 30, 1_000);
  alerts.trade("ESU4", 10, 0);
  expect(fired).toEqual([]);
  alerts.trade("ESU4", 20, 1);
  expect(fired.map(({ direction }) => direction)).toEqual(["up"]);
});

const MINUTE = 60_000;
const candle = (minute: number, high: number, low: number, close: number): CandleTuple => [
  minute * MINUTE,
  String(close),
  String(high),
  String(low),
  String(close),
  1,
  1,
];

test.each([
  ["a candle whose high reaches it", [candle(1, 21, 9, 10)], [MINUTE]],
  ["the candle in which prices ended, by its close alone", [candle(0, 25, 9, 10)], []],
  ["the close of that candle", [candle(0, 25, 9, 22)], [0]],
  ["candles before it", [candle(-1, 25, 9, 22)], []],
  ["a candle that jumps over it", [candle(2, 40, 30, 35)], [2 * MINUTE]],
])("trades that were missed are judged by %s", (_, candles, times) => {
  const { book: alerts, fired } = book();
  alerts.add({ symbol: "ESU4", price: 20 });
  const heard = MINUTE / 2;
  alerts.trade("ESU4", 10, heard);
  hold(alerts, { symbol: "ESU4", heard, lengthMs: MINUTE }, candles);
  expect(fired.map(({ time }) => time)).toEqual(times);
});

test("alerts are the same after they were written and read", () => {
  const one = book();
  one.book.add({ symbol: "EUR/USD", price: 1.0875, note: "parity", when: "every" });
  one.book.add({ symbol: "ESU4", price: -3.25 });
  const other = book();
  other.book.read(one.book.write());
  expect(other.book.all).toEqual(one.book.all);
});

test("reading leaves a watch at its side, so that nothing is told twice or missed", () => {
  const { book: alerts, fired } = book();
  alerts.add({ symbol: "ESU4", price: 20 });
  alerts.trade("ESU4", 10, 0);
  alerts.read(alerts.write());
  alerts.trade("ESU4", 25, 1);
  expect(fired).toHaveLength(1);
});

test.each([
  "",
  "null",
  "[]",
  '{"version":2,"alerts":[]}',
  '{"version":1,"alerts":[{"id":"1","symbol":"ESU4","price":null}]}',
  '{"version":1,"alerts":[{"id":"1","symbol":"","price":1}]}',
  '{"version":1,"alerts":[{"id":"1","symbol":"A","price":1,"when":"never"}]}',
  '{"version":1,"alerts":[null]}',
])("text that holds no alerts changes nothing: %s", (text) => {
  const { book: alerts } = book();
  alerts.add({ symbol: "ESU4", price: 20 });
  const before = alerts.all;
  expect(() => alerts.read(text)).toThrow();
  expect(alerts.all).toEqual(before);
});

test.each([
  [{ price: Number.NaN }, "price of an alert must be a finite number, not NaN"],
  [{ symbol: "" }, "symbol of an alert must be text"],
  [{ note: "n".repeat(121) }, "note of an alert must be text of at most 120 characters"],
])("an alert that is not valid is refused: %j", (wrong, reason) => {
  const { book: alerts, changes } = book();
  expect(() => alerts.add({ symbol: "ESU4", price: 20, ...wrong })).toThrow(reason);
  expect(changes()).toBe(0);
});
