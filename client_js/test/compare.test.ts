import fc from "fast-check";
import { expect, test } from "vitest";
import { CompareLayer } from "../src/compare/compare-layer";
import { baseOf, changeSince, closesAt, rebased } from "../src/compare/rebase";
import { CandleStore } from "../src/store/candle-store";

function storeOf(bars: readonly (readonly [time: number, close: number])[]): CandleStore {
  const store = new CandleStore("0.01");
  store.reset(
    bars.map(([time, close]) => {
      const price = close.toFixed(2);
      return { time, open: price, high: price, low: price, close: price, volume: 1, trades: 1 };
    }),
  );
  return store;
}

const series = fc
  .uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 40 })
  .chain((times) =>
    fc.tuple(
      fc.constant(times.sort((a, b) => a - b)),
      fc.array(fc.integer({ min: -500, max: 500 }), {
        minLength: times.length,
        maxLength: times.length,
      }),
    ),
  )
  .map(([times, closes]) => times.map((time, i) => [time, closes[i]] as const));

test("a candle has the other symbol's last close until then, and none before its first", () => {
  fc.assert(
    fc.property(series, series, fc.nat(40), fc.nat(40), (own, other, a, b) => {
      const chart = storeOf(own);
      const [from, to] = [a, b].map((each) => Math.min(each, own.length)).sort((x, y) => x - y);
      const closes = closesAt(storeOf(other), chart.time, from, to);
      const wanted = own.slice(from, to).map(([time]) => {
        const last = other.filter(([each]) => each <= time).at(-1);
        return last === undefined ? Number.NaN : last[1] * 100;
      });
      expect([...closes]).toEqual(wanted);
    }),
  );
});

test("changes count from the first close in sight, and move the chart's price by the same share", () => {
  expect(baseOf(Float64Array.of(Number.NaN, 7, 8), 0)).toBe(7);
  expect(baseOf(Float64Array.of(5, 7, 8), 2)).toBe(8);
  expect(baseOf(Float64Array.of(5), 1)).toBeNaN();
  expect(changeSince(50, 60)).toBeCloseTo(0.2);
  expect(changeSince(-50, -60)).toBeCloseTo(-0.2);
  expect(changeSince(0, 60)).toBeNaN();
  expect(rebased(200, 0.2)).toBeCloseTo(240);
  expect(rebased(-200, 0.2)).toBeCloseTo(-160);
});

test("an automatic scale reaches to the lines in sight", () => {
  const chart = storeOf([
    [0, 100],
    [1, 101],
    [2, 102],
  ]);
  const layer = new CompareLayer();
  const color = "#5b8def";
  expect(layer.extent(chart, 0, 3)).toBeNull();
  layer.lines = [{ symbol: "A", color, store: storeOf([[5, 1]]) }];
  expect(layer.extent(chart, 0, 3)).toBeNull();
  const other = storeOf([
    [0, 10],
    [1, 15],
    [2, 5],
  ]);
  layer.lines = [{ symbol: "B", color, store: other }];
  const whole = layer.extent(chart, 0, 3);
  expect(whole?.high).toBeGreaterThanOrEqual(15_000);
  expect(whole?.high).toBeLessThan(15_500);
  expect(whole?.low).toBeLessThanOrEqual(5_000);
  expect(layer.extent(chart, 0, 2)?.low).toBeGreaterThan(9_000);
});
