import fc from "fast-check";
import { expect, test } from "vitest";
import { priceStep, priceTicks, timeTicks } from "../src/chart/ticks";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test("price steps are round, whole numbers of ticks, and leave room", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 1e9, noNaN: true }),
      fc.constantFrom(1, 5, 10, 25, 50, 125, 15_625),
      (least, tick) => {
        const step = priceStep(least, tick);
        expect(step).toBeGreaterThanOrEqual(least);
        expect(step % tick).toBe(0);
      },
    ),
  );
});

test("price steps are as people count", () => {
  expect([1, 3, 6, 30, 90].map((least) => priceStep(least, 1))).toEqual([1, 5, 10, 50, 100]);
  // A quarter in hundredths: 0.25, 0.50, 1.00, 2.00, 5.00
  expect([10, 30, 60, 150, 300].map((least) => priceStep(least, 25))).toEqual([
    25, 50, 100, 200, 500,
  ]);
});

test("price ticks are the multiples of the step within the range", () => {
  expect(priceTicks(-30, 55, 25)).toEqual([-25, 0, 25, 50]);
});

const base = { first: 0, leastPx: 90, zone: "utc" as const };

test("time labels stand on round times and leave room", () => {
  const start = Date.UTC(2024, 6, 1, 9, 7);
  const times = Float64Array.from({ length: 400 }, (_, i) => start + i * MINUTE);
  const ticks = timeTicks({ ...base, times, last: 400, intervalMs: MINUTE, spacing: 8 });
  expect(ticks.slice(0, 3).map(({ label }) => label)).toEqual(["09:15", "09:30", "09:45"]);
  for (let i = 1; i < ticks.length; i++) {
    expect((ticks[i].index - ticks[i - 1].index) * 8).toBeGreaterThanOrEqual(90);
  }
});

test("a new day wins over the hours near it, also after a night without candles", () => {
  const evening = Array.from({ length: 60 }, (_, i) => Date.UTC(2024, 6, 1, 20, i));
  const morning = Array.from({ length: 60 }, (_, i) => Date.UTC(2024, 6, 2, 8, 1 + i));
  const times = Float64Array.from([...evening, ...morning]);
  const ticks = timeTicks({ ...base, times, last: 120, intervalMs: MINUTE, spacing: 8 });
  const strong = ticks.filter((tick) => tick.strong);
  expect(strong).toEqual([{ index: 60, label: "2 Jul", strong: true }]);
});

test("days are labelled by day, months by name, years by number", () => {
  const daily = Float64Array.from({ length: 900 }, (_, i) => Date.UTC(2023, 0, 2 + i));
  const near = timeTicks({ ...base, times: daily, last: 60, intervalMs: 24 * HOUR, spacing: 14 });
  expect(near.map(({ label }) => label)).toContain("Feb");
  const far = timeTicks({ ...base, times: daily, last: 900, intervalMs: 24 * HOUR, spacing: 1 });
  expect(far.filter(({ strong }) => strong).map(({ label }) => label)).toEqual(["2024", "2025"]);
});

test("labels of any times are in order, in sight and apart", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 300 }),
      fc.double({ min: 0.01, max: 60, noNaN: true }),
      (gaps, spacing) => {
        let time = Date.UTC(2024, 1, 28);
        const times = Float64Array.from(gaps, (gap) => (time += gap * MINUTE));
        const last = times.length;
        const ticks = timeTicks({ ...base, times, last, intervalMs: MINUTE, spacing });
        ticks.forEach(({ index, label }, i) => {
          expect(label).not.toBe("");
          expect(index).toBeLessThan(last);
          if (i > 0) expect((index - ticks[i - 1].index) * spacing).toBeGreaterThanOrEqual(90);
        });
      },
    ),
  );
});
