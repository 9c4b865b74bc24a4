import fc from "fast-check";
import { expect, test } from "vitest";
import { LinePen } from "../src/chart/line-pen";
import { reduce } from "../src/chart/plots";
import { packColor, RectBatch, unpackColor } from "../src/chart/rect-batch";
import { align, checkSeries, type Series } from "../src/chart/series";
import { extentOf } from "../src/chart/series-extent";
import { dividePanes, fitPane, formatValue, placeLabels, snapOut } from "../src/chart/sub-panes";
import { decimalsFor, niceStep } from "../src/chart/ticks";
import { type Bar, CandleStore } from "../src/store/candle-store";

function store(times: readonly number[]): CandleStore {
  const made = new CandleStore("1");
  made.reset(
    times.map(
      (time): Bar => ({ time, open: "1", high: "1", low: "1", close: "1", volume: 1, trades: 1 }),
    ),
  );
  return made;
}

function series(time: readonly number[], values: readonly number[], pane = "own"): Series {
  const plot = { label: "", values: Float64Array.from(values), color: "#102030" };
  return { title: "one", pane, time: Float64Array.from(time), plots: [plot] };
}

const ascending = fc.uniqueArray(fc.nat(60), { maxLength: 40 }).map((a) => a.sort((x, y) => x - y));

test("values go with the candle of their time, whatever is missing on either side", () => {
  fc.assert(
    fc.property(ascending, ascending, fc.nat(40), fc.nat(40), (candles, times, a, b) => {
      const held = store(candles);
      const first = Math.min(a, candles.length);
      const last = Math.min(Math.max(a, b), candles.length);
      const places = align(Float64Array.from(times), held, first, last);
      expect(Array.from(places)).toEqual(candles.slice(first, last).map((t) => times.indexOf(t)));
    }),
  );
});

test("buckets hold the lowest, highest and last value; what is no number is left out", () => {
  const values = Float64Array.of(3, 1, Number.NaN, Number.POSITIVE_INFINITY, 5, 4);
  const plot = { label: "", values, color: "#102030", breaks: Float64Array.of(1, 1, 1, -1, -1, 1) };
  const reduced = reduce(plot, Int32Array.of(0, 1, 2, 3, 4, 5, -1), 2);
  expect(Array.from(reduced.low)).toEqual([1, Number.NaN, 4, Number.NaN]);
  expect(Array.from(reduced.high)).toEqual([3, Number.NaN, 5, Number.NaN]);
  expect(Array.from(reduced.last)).toEqual([1, Number.NaN, 4, Number.NaN]);
  const single = reduce(plot, Int32Array.of(2, 4, -1), 1);
  expect(Array.from(single.last)).toEqual([Number.NaN, 5, Number.NaN]);
  expect(Array.from(reduced.breaks ?? [])).toEqual([1, -1, 1, Number.NaN]);
});

test("a line covers every column, within its pane", () => {
  const y = fc.double({ min: -200, max: 300, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(y, { minLength: 2, maxLength: 20 }),
      fc.integer({ min: 1, max: 9 }),
      (ys, gap) => {
        const batch = new RectBatch();
        const pen = new LinePen(batch, { top: 0, bottom: 100 }, 2, "#ffffff", [0, 0, 0]);
        ys.slice(1).forEach((each, i) => void pen.segment(i * gap, ys[i], (i + 1) * gap, each));
        pen.end();
        const solid = new Set<number>();
        batch.forEach((x, top, width, height, color) => {
          expect(Number.isInteger(x) && Number.isInteger(top)).toBe(true);
          expect(top >= 0 && top + height <= 100).toBe(true);
          if (color !== 0xffffffff) expect(height).toBe(1);
          else for (let column = x; column < x + width; column++) solid.add(column);
        });
        const inside = ys.every((each) => each > 2 && each < 98);
        const columns = Array.from({ length: (ys.length - 1) * gap + 1 }, (_, x) => x);
        if (inside) expect(columns.every((x) => solid.has(x))).toBe(true);
      },
    ),
  );
});

test("colours are packed as they are told", () => {
  const channel = fc.nat(255);
  fc.assert(
    fc.property(channel, channel, channel, (r, g, b) => {
      expect(unpackColor(packColor([r, g, b]))).toEqual([r, g, b]);
    }),
  );
});

test("panes share the height without a gap", () => {
  const names = fc.array(fc.constantFrom("price", "a", "b", "c", "d", "e"), { maxLength: 9 });
  fc.assert(
    fc.property(
      names,
      fc.integer({ min: 40, max: 3000 }),
      fc.integer({ min: 1, max: 3 }),
      (panes, height, ratio) => {
        const layout = dividePanes(
          panes.map((pane) => series([], [], pane)),
          { width: 100, height, ratio },
        );
        let row = layout.height;
        for (const { top, bottom } of layout.panes) {
          expect(top).toBe(row + layout.line);
          expect(bottom).toBeGreaterThan(top);
          row = bottom;
        }
        expect(row).toBe(height);
        expect(layout.panes.length).toBe(new Set(panes.filter((each) => each !== "price")).size);
        expect(layout.height).toBeGreaterThanOrEqual(height * 0.3);
      },
    ),
  );
});

test("a pane's scale holds all values in sight, and its labels lie within", () => {
  const held = store([0, 1, 2, 3]);
  const value = fc.double({ min: -1e100, max: 1e100, noNaN: true });
  fc.assert(
    fc.property(fc.array(value, { minLength: 4, maxLength: 4 }), (values) => {
      const [pane] = dividePanes([series([0, 1, 2, 3], values)], {
        width: 9,
        height: 800,
        ratio: 1,
      }).panes;
      fitPane(pane, held, 0, 4);
      for (const each of values) expect(each >= pane.low && each <= pane.high).toBe(true);
      for (const { row } of placeLabels(pane, 1)) {
        expect(row >= pane.top && row < pane.bottom).toBe(true);
      }
    }),
  );
});

test("what moves a little moves no scale", () => {
  const wide = (high: number) => snapOut({ low: 0, high }, 100);
  expect(wide(99.1)).toEqual(wide(99.3));
  expect(snapOut({ low: -3, high: 7 }, 0)).toEqual({ low: -3, high: 7 });
  const value = fc.double({ min: -1e100, max: 1e100, noNaN: true });
  fc.assert(
    fc.property(value, value, fc.double({ min: 0, max: 1e100, noNaN: true }), (a, b, span) => {
      const given = { low: Math.min(a, b), high: Math.max(a, b) };
      const { low, high } = snapOut(given, span);
      // A number next to nothing may count as nothing.
      expect(low <= given.low + 1e-200 && high >= given.high - 1e-200).toBe(true);
    }),
  );
});

test("an empty pane and one of NaN have a scale all the same", () => {
  const held = store([0, 1]);
  for (const values of [[], [Number.NaN, Number.NaN]]) {
    const made = series([0, 1].slice(0, values.length), values);
    const [pane] = dividePanes([made], { width: 9, height: 800, ratio: 1 }).panes;
    fitPane(pane, held, 0, 2);
    expect(pane.high).toBeGreaterThan(pane.low);
    expect(extentOf(made, Int32Array.of(-1, -1)).low).toBe(Number.POSITIVE_INFINITY);
  }
});

test("steps are round, and values are told to the digit that matters", () => {
  expect([0.3, 1, 1.1, 2.2, 26, 0.0012].map(niceStep)).toEqual([0.5, 1, 2, 2.5, 50, 0.002]);
  expect([5, 0.5, 0.25, 2.5, 0.001].map(decimalsFor)).toEqual([0, 1, 2, 1, 3]);
  expect(formatValue(-1.255, 2)).toBe("−1.25");
  expect(formatValue(-0.001, 2)).toBe("0.00");
  expect(formatValue(-123_456, 0)).toBe("−123K");
  expect(formatValue(Number.NaN, 2)).toBe("—");
});

test("a series that cannot be drawn is refused in a sentence", () => {
  const good = series([1, 2], [3, 4]);
  expect(() => checkSeries("x", good)).not.toThrow();
  expect(() => checkSeries("x", series([1, 2], [3]))).toThrow("1 values for 2 times");
  expect(() => checkSeries("x", { ...good, fill: [0, 1] })).toThrow("series x: no plot 1");
  const red = { ...good.plots[0], color: "red" };
  expect(() => checkSeries("x", { ...good, plots: [red] })).toThrow("not a colour: red");
});
