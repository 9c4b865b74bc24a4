import fc from "fast-check";
import { expect, test } from "vitest";
import {
  compact,
  decimalsOf,
  fromUnits,
  padDecimals,
  percent,
  toUnits,
} from "../src/format/decimal";

const units = fc.maxSafeInteger();
const decimals = fc.integer({ min: 0, max: 9 });

test("units and text are each other's inverse, exactly", () => {
  fc.assert(
    fc.property(units, decimals, (value, digits) => {
      expect(toUnits(fromUnits(value, digits), digits)).toBe(value || 0);
    }),
  );
});

test("text without its trailing zeros means the same units", () => {
  fc.assert(
    fc.property(units, decimals, (value, digits) => {
      const text = fromUnits(value, digits);
      const short = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
      expect(toUnits(short, digits)).toBe(value || 0);
      expect(padDecimals(short, digits)).toBe(text);
      expect(decimalsOf(short)).toBeLessThanOrEqual(digits);
    }),
  );
});

test.each(["", "-", ".", "1,5", "1e5", "1.2.3", "abc", "5 "])("%j is no price", (text) => {
  expect(() => toUnits(text, 4)).toThrow(RangeError);
});

test("a price with more digits than the unit holds is refused, not rounded", () => {
  expect(() => toUnits("1.005", 2)).toThrow(RangeError);
});

test("counts are shortened for people", () => {
  const shown = [0, 950, 9999, 12_345, 999_940, 999_960, 1_234_567, 25_000_000_000].map(compact);
  expect(shown).toEqual(["0", "950", "9999", "12.3K", "1000K", "1.00M", "1.23M", "25.0B"]);
});

test("changes carry their sign, and none when they read as zero", () => {
  expect([0.01234, -0.01234, 0.00001].map(percent)).toEqual(["+1.23%", "−1.23%", "0.00%"]);
});
