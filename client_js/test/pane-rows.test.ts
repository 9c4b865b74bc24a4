import fc from "fast-check";
import { expect, test } from "vitest";
import { leastMainRows, leastRows, paneRows } from "../src/chart/pane-rows";

const heights = fc.integer({ min: 40, max: 3000 });
const shares = fc.array(fc.option(fc.double({ min: 0.001, max: 0.999, noNaN: true })), {
  minLength: 1,
  maxLength: 8,
});

function sum(rows: readonly number[]): number {
  return rows.reduce((total, each) => total + each, 0);
}

test("whatever heights are chosen, every pane and the candles keep their least", () => {
  fc.assert(
    fc.property(shares, heights, fc.integer({ min: 1, max: 3 }), (wanted, height, ratio) => {
      const size = { width: 100, height, ratio };
      const [least, leastMain] = [leastRows(wanted.length, size), leastMainRows(size)];
      fc.pre(wanted.length * least + leastMain <= height);
      const rows = paneRows(wanted, size);
      for (const each of rows) expect(each).toBeGreaterThanOrEqual(least);
      expect(height - sum(rows)).toBeGreaterThanOrEqual(leastMain);
    }),
  );
});

test("a height that was chosen in whole rows is met exactly", () => {
  fc.assert(
    fc.property(heights, fc.double({ min: 0, max: 1, noNaN: true }), (height, part) => {
      const size = { width: 100, height, ratio: 1 };
      const [least, most] = [leastRows(1, size), height - leastMainRows(size)];
      const rows = Math.round(least + (most - least) * part);
      expect(paneRows([rows / height], size)).toEqual([rows]);
    }),
  );
});

test("a pane has a fifth of the height, and all of them three fifths at most", () => {
  const size = { width: 100, height: 1000, ratio: 1 };
  expect(paneRows([null], size)).toEqual([200]);
  expect(paneRows([null, null, null, null], size)).toEqual([150, 150, 150, 150]);
  expect(paneRows([0.3, null], size)).toEqual([300, 200]);
});
