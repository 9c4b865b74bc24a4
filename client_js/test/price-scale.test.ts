import fc from "fast-check";
import { expect, test } from "vitest";
import { Coordinates } from "../src/chart/coordinates";
import { layOut } from "../src/chart/geometry";
import { LogRecords } from "../src/chart/log-records";
import { logMapping } from "../src/chart/log-scale";
import { logTicks } from "../src/chart/log-ticks";
import { toRecord } from "../src/chart/price-mapping";
import { checkedScale, PriceScale, type ScaleKind } from "../src/chart/price-scale";
import { percentTicks, scaleTicks } from "../src/chart/scale-ticks";
import { Viewport } from "../src/chart/viewport";
import { fromUnits } from "../src/format/decimal";
import { type Bar, CandleStore } from "../src/store/candle-store";
import { RECORD_FLOATS } from "../src/store/column";

const PANE = { width: 900, height: 600, ratio: 1 };

/** Bars of one price each, in units of 0.01. */
function storeOf(prices: readonly number[]): CandleStore {
  const store = new CandleStore("0.01");
  store.reset(
    prices.map((units, i): Bar => {
      const price = fromUnits(units, 2);
      const flat = { open: price, high: price, low: price, close: price };
      return { time: i * 60_000, ...flat, volume: 1, trades: 1 };
    }),
  );
  return store;
}

function placed(
  store: CandleStore,
  kind: ScaleKind,
  change: (scale: PriceScale) => void = () => {},
) {
  const view = new Viewport();
  view.resize(PANE.width);
  view.setCount(store.count, 0);
  view.fitAll();
  const scale = new PriceScale();
  scale.kind = kind;
  scale.logMapping = logMapping;
  layOut(store, view, scale, PANE);
  change(scale);
  const geometry = layOut(store, view, scale, PANE);
  return { scale, geometry, coordinates: new Coordinates(store, geometry, 60_000, 1) };
}

const kinds = fc.constantFrom<ScaleKind>("linear", "log", "percent");
const prices = fc.array(fc.integer({ min: 1, max: 100_000_000 }), { minLength: 2, maxLength: 60 });

test("higher prices lie higher, on every scale", () => {
  fc.assert(
    fc.property(prices, kinds, (each, kind) => {
      const { coordinates } = placed(storeOf(each), kind);
      const rows = [...each].sort((a, b) => a - b).map((units) => coordinates.rowOf(units));
      expect(rows).toEqual([...rows].sort((a, b) => b - a));
      for (const row of rows) {
        expect(row).toBeGreaterThan(0);
        expect(row).toBeLessThan(PANE.height * 0.8);
      }
    }),
  );
});

test("a row leads to a price and back to the row, on every scale and at every zoom", () => {
  fc.assert(
    fc.property(
      prices,
      kinds,
      fc.double({ min: 0.2, max: 5, noNaN: true }),
      fc.integer({ min: 0, max: PANE.height }),
      (each, kind, factor, y) => {
        const store = storeOf(each);
        const { coordinates, geometry } = placed(store, kind, (scale) => scale.zoom(factor));
        const price = coordinates.yToPrice(y);
        const units = Math.round(price * 100);
        if (geometry.mapping.kind === "log" && units <= 0) return;
        // The price is rounded to the tick, which may be many pixels high.
        const near = [coordinates.rowOf(units + 1), coordinates.rowOf(units - 1)];
        expect(y).toBeGreaterThanOrEqual(near[0] - 1);
        expect(y).toBeLessThanOrEqual(near[1] + 1);
      },
    ),
  );
});

test("equal ratios take equal heights on a log scale", () => {
  const { coordinates } = placed(storeOf([1, 100_000_000]), "log");
  const rows = [1, 100, 10_000, 1_000_000, 100_000_000].map((each) => coordinates.rowOf(each));
  const gaps = rows.slice(1).map((row, i) => rows[i] - row);
  expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1);
});

test("a log scale falls back to a linear one where a price is 0 or less, and says so", () => {
  for (const low of [0, -3700]) {
    const { scale, geometry } = placed(storeOf([100, low, 300]), "log");
    expect(geometry.mapping.kind).toBe("linear");
    expect(scale.fault).toBe("A log scale needs prices above 0; the scale is linear.");
  }
  expect(placed(storeOf([100, 200]), "log").scale.fault).toBeNull();
  expect(placed(storeOf([]), "log").scale.fault).toBeNull();
});

test("percent counts from the first close in sight, also below 0", () => {
  expect(placed(storeOf([200, 250]), "percent").coordinates.axisText(250)).toBe("+25.00%");
  expect(placed(storeOf([-200, -250]), "percent").coordinates.axisText(-250)).toBe("−25.00%");
  const { scale, coordinates } = placed(storeOf([0, 250]), "percent");
  expect(coordinates.axisText(250)).toBe("2.50");
  expect(scale.fault).toMatch(/first price other than 0/);
});

test("prices that were chosen stay when the scale changes", () => {
  const store = storeOf([900, 1100]);
  const { scale } = placed(store, "linear", (each) => each.zoom(0.5));
  const before = { ...scale.range };
  scale.kind = "log";
  scale.adapt(store, 0);
  expect(Math.exp(scale.range.top)).toBeCloseTo(before.top, 6);
  scale.kind = "linear";
  scale.adapt(store, 0);
  expect(scale.range.bottom).toBeCloseTo(before.bottom, 6);
});

test("the labels of any scale are apart, in sight and in order", () => {
  fc.assert(
    fc.property(
      prices,
      kinds,
      fc.double({ min: 0.05, max: 3, noNaN: true }),
      (each, kind, factor) => {
        const { geometry, coordinates } = placed(storeOf(each), kind, (scale) =>
          scale.zoom(factor),
        );
        const rows = scaleTicks(geometry, 46, 1).map((units) => coordinates.rowOf(units));
        rows.forEach((row, i) => {
          expect(row).toBeGreaterThanOrEqual(-1);
          expect(row).toBeLessThanOrEqual(PANE.height + 1);
          if (i > 0) expect(rows[i - 1] - row).toBeGreaterThanOrEqual(45);
        });
      },
    ),
  );
});

test("log labels are as people count, at any zoom", () => {
  const at = (bottom: number, top: number) => logTicks(bottom, top, Math.log(top / bottom) / 12, 1);
  expect(at(1, 10 ** 16)).toEqual([
    1,
    100,
    10_000,
    10 ** 6,
    10 ** 8,
    10 ** 10,
    10 ** 12,
    10 ** 14,
    10 ** 16,
  ]);
  expect(at(100, 10 ** 7)).toEqual([100, 1000, 10_000, 100_000, 10 ** 6, 10 ** 7]);
  expect(at(100, 20_000)).toEqual([100, 200, 500, 1000, 2000, 5000, 10_000, 20_000]);
  expect(at(5000, 5120)).toEqual([5000, 5020, 5040, 5060, 5080, 5100, 5120]);
});

test("log labels are whole price steps", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.double({ min: 1.01, max: 1e6, noNaN: true }),
      fc.constantFrom(1, 5, 25, 125, 15_625),
      (bottom, ratio, tick) => {
        const found = logTicks(bottom, bottom * ratio, Math.log(ratio) / 12, tick);
        for (const price of found) if (ratio < 1000) expect(price % tick).toBe(0);
      },
    ),
  );
});

test("percent labels are round", () => {
  const ticks = percentTicks(9_400, 10_700, 150, 10_000);
  expect(ticks.map((units) => (units - 10_000) / 100)).toEqual([-6, -4, -2, 0, 2, 4, 6]);
});

test("log records keep falling candles falling, and all that changes", () => {
  const store = new CandleStore("0.01");
  const bar = (time: number, open: string, close: string): Bar => {
    return { time, open, high: open, low: close, close, volume: 3, trades: 1 };
  };
  store.reset([bar(0, "9999999.99", "9999999.98"), bar(60_000, "0.02", "0.01")]);
  const mapping = logMapping(store.base);
  const records = new LogRecords();
  const first = records.map(store, mapping, 0, 2);
  for (let at = 0; at < 2 * RECORD_FLOATS; at += RECORD_FLOATS) {
    expect(first.data[at + 3]).toBeLessThan(first.data[at]);
  }
  store.apply(bar(120_000, "0.05", "0.03"));
  const next = records.map(store, mapping, 2, 3);
  expect(next.count).toBe(3);
  expect(next.data[2 * RECORD_FLOATS]).toBe(toRecord(mapping, 5));
  expect(next.data[0]).toBe(first.data[0]);
});

test("an unknown scale is refused", () => {
  expect(() => checkedScale("logarithmic")).toThrow(
    "scale must be one of linear, log, percent, not logarithmic",
  );
});
