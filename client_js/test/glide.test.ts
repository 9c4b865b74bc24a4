import fc from "fast-check";
import { expect, test } from "vitest";
import { flingSpeed } from "../src/chart/glide";

/** A drag at a steady speed, with a movement every 16 ms. */
function drag(speed: number, ms: number) {
  return Array.from({ length: Math.floor(ms / 16) + 1 }, (_, i) => ({
    x: 100 + speed * 16 * i,
    time: 5000 + 16 * i,
  }));
}

const end = (samples: { time: number }[]) => samples[samples.length - 1].time;

test("a fling has the speed of its last movements, up to a limit", () => {
  const steady = drag(1.5, 160);
  expect(flingSpeed(steady, end(steady))).toBeCloseTo(1.5);
  const left = drag(-1.5, 160);
  expect(flingSpeed(left, end(left) + 20)).toBeCloseTo(-1.5);
  fc.assert(
    fc.property(fc.double({ min: 4, max: 1e4, noNaN: true }), (speed) => {
      const fast = drag(speed, 64);
      expect(flingSpeed(fast, end(fast))).toBe(4);
    }),
  );
});

test("a pause before the release, a slow drag and a single movement do not fling", () => {
  const steady = drag(1.5, 160);
  expect(flingSpeed(steady, end(steady) + 90)).toBe(0);
  const slow = drag(0.1, 400);
  expect(flingSpeed(slow, end(slow))).toBe(0);
  const jump = drag(30, 16);
  expect(jump).toHaveLength(2);
  expect(flingSpeed(jump, end(jump))).toBe(0);
  expect(flingSpeed([], 0)).toBe(0);
});
