import fc from "fast-check";
import { expect, test } from "vitest";
import { bodyWidth, bucketSize, candleAt, layOut } from "../src/chart/geometry";
import { PriceScale } from "../src/chart/price-scale";
import { rowOf } from "../src/chart/scene";
import { roundEven, toColumn } from "../src/chart/snap";
import { Viewport } from "../src/chart/viewport";
import { fromUnits } from "../src/format/decimal";
import { type Bar, CandleStore } from "../src/store/candle-store";

function store(count: number): CandleStore {
  const made = new CandleStore("0.25");
  made.reset(
    Array.from({ length: count }, (_, i): Bar => {
      const units = 552_425 + 25 * Math.round(40 * Math.sin(i / 9));
      const [high, low, close] = [units + 75, units - 50, units].map((each) => fromUnits(each, 2));
      return { time: i * 60_000, open: close, high, low, close, volume: 1 + i, trades: 1 };
    }),
  );
  return made;
}

const pane = { width: 900, height: 600, ratio: 1 };

function placed(count: number, change: (view: Viewport) => void = () => {}) {
  const candles = store(count);
  const view = new Viewport();
  view.resize(pane.width);
  view.setCount(count, 0);
  view.fit();
  change(view);
  const scale = new PriceScale();
  return { candles, view, scale, geometry: layOut(candles, view, scale, pane) };
}

test("the fitted prices lie within the pane, above the volumes", () => {
  const { candles, geometry } = placed(300);
  const { low, high } = candles.extent(geometry.first, geometry.last);
  expect(rowOf(geometry, high)).toBeGreaterThan(0);
  expect(rowOf(geometry, low)).toBeLessThan(pane.height * 0.8);
});

test("a candle's column leads back to the candle", () => {
  fc.assert(
    fc.property(
      fc.double({ min: -3000, max: 3000, noNaN: true }),
      fc.double({ min: 0.01, max: 4, noNaN: true }),
      (dx, factor) => {
        const { geometry } = placed(5000, (view) => {
          view.zoom(400, factor);
          view.pan(dx);
        });
        const { first, last, per, offset, slot } = geometry;
        for (let bucket = first; bucket < last; bucket += 17) {
          const x = toColumn(bucket - first, Math.fround(offset), Math.fround(slot));
          // The column's middle: its left edge may belong to the bucket before.
          expect(candleAt(geometry, x + 0.5)).toBe(bucket * per);
        }
      },
    ),
  );
});

test("buckets are at least a pixel wide, and bodies leave their wick in the middle", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-4, max: 100, noNaN: true }),
      fc.integer({ min: 1, max: 3 }),
      (spacing, wick) => {
        const per = bucketSize(spacing);
        expect(spacing * per).toBeGreaterThanOrEqual(1 - 1e-9);
        if (per > 1) expect((spacing * per) / 2).toBeLessThan(1);
        const body = bodyWidth(spacing, wick);
        expect((body - wick) % 2).toBe(0);
        expect(body).toBeGreaterThanOrEqual(wick);
      },
    ),
  );
});

test("rounding is half to even, as in WGSL", () => {
  expect([0.5, 1.5, 2.5, -0.5, -1.5, 2.4, -2.6].map(roundEven)).toEqual([0, 2, 2, -0, -2, 2, -3]);
});

test("a scale that was dragged stays until it is told to fit again", () => {
  const { candles, view, scale } = placed(300);
  scale.zoom(2);
  const { range } = scale;
  layOut(candles, view, scale, pane);
  expect(scale.range).toBe(range);
  scale.auto = true;
  layOut(candles, view, scale, pane);
  expect(scale.range).not.toEqual(range);
});

test("equal prices are not stretched over the whole pane", () => {
  const scale = new PriceScale();
  scale.fit({ low: 100, high: 100 }, 25);
  expect(scale.range.top - scale.range.bottom).toBeGreaterThan(8 * 25);
});
