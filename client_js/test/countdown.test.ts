import fc from "fast-check";
import { expect, test } from "vitest";
import { countdownText, untilClose } from "../src/chart/countdown";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

test("a time to go is told by its greatest units", () => {
  const told = [1, 1000, 59_001, MINUTE_MS, 5 * MINUTE_MS - 1, HOUR_MS, DAY_MS - 1500, 7 * DAY_MS];
  expect(told.map(countdownText)).toEqual([
    "00:01",
    "00:01",
    "01:00",
    "01:00",
    "05:00",
    "01:00:00",
    "23:59:59",
    "7d 0h",
  ]);
  expect(countdownText(6 * DAY_MS + 23 * HOUR_MS + 1)).toBe("6d 23h");
});

test("the candle that runs closes within its interval, in step with the newest", () => {
  const start = Date.UTC(2024, 6, 1, 13, 30);
  expect(untilClose(start, MINUTE_MS, start)).toBe(MINUTE_MS);
  expect(untilClose(start, MINUTE_MS, start + 59_999)).toBe(1);
  expect(untilClose(start, MINUTE_MS, start - 200), "the clock is a moment behind").toBe(MINUTE_MS);
  expect(untilClose(start, MINUTE_MS, start - HOUR_MS)).toBeNull();
  fc.assert(
    fc.property(fc.nat(10_000), fc.nat(DAY_MS), (minutes, passed) => {
      const interval = (minutes + 1) * MINUTE_MS;
      const left = untilClose(start, interval, start + passed) ?? 0;
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThanOrEqual(interval);
      expect((passed + left) % interval).toBe(0);
    }),
  );
});
