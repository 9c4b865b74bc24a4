import fc from "fast-check";
import { expect, test } from "vitest";
import { FOLLOW_MARGIN, Viewport } from "../src/chart/viewport";

function viewport(count: number, width = 800): Viewport {
  const made = new Viewport();
  made.resize(width);
  made.setCount(count, 0);
  made.fit();
  return made;
}

test("new candles move a view that shows the newest one", () => {
  const view = viewport(500);
  view.setCount(503, 3);
  expect(view.right).toBe(503 + FOLLOW_MARGIN);
});

test("a view panned into the past stands still when candles come", () => {
  const view = viewport(500);
  view.pan(1600);
  const { left, right } = view;
  view.setCount(510, 10);
  expect([view.left, view.right]).toEqual([left, right]);
  expect(view.following).toBe(false);
  view.goLatest();
  expect(view.right).toBe(510 + FOLLOW_MARGIN);
});

test("zooming keeps the candle under the cursor where it is", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 100, max: 700, noNaN: true }),
      fc.double({ min: 0.5, max: 2, noNaN: true }),
      (x, factor) => {
        const view = viewport(5000);
        view.pan(8000);
        const before = view.left + x / view.spacing;
        view.zoom(x, factor);
        expect(view.left + x / view.spacing).toBeCloseTo(before, 6);
      },
    ),
  );
});

test("zooming out of a view that follows leaves no more blank space at its right", () => {
  const view = viewport(5000);
  view.zoom(100, 0.2);
  expect(view.rightOffset).toBe(FOLLOW_MARGIN);
});

test("however one pans and zooms, candles stay in sight", () => {
  const move = fc.oneof(
    fc.record({ pan: fc.double({ min: -1e6, max: 1e6, noNaN: true }) }),
    fc.record({ zoom: fc.double({ min: 0.01, max: 100, noNaN: true }), x: fc.nat(800) }),
    fc.record({ resize: fc.integer({ min: 0, max: 4000 }) }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200_000 }), fc.array(move), (count, moves) => {
      const view = viewport(count);
      for (const each of moves) {
        if ("pan" in each) view.pan(each.pan);
        else if ("zoom" in each) view.zoom(each.x, each.zoom);
        else view.resize(each.resize);
      }
      expect(view.right).toBeGreaterThanOrEqual(Math.min(count, 1));
      expect(view.left).toBeLessThan(count);
      expect(view.spacing).toBeGreaterThan(0);
    }),
  );
});

test("zooming out shows all of a long history", () => {
  const view = viewport(100_000);
  for (let i = 0; i < 60; i++) view.zoomFollowing(0.8);
  expect(view.left).toBeLessThanOrEqual(0);
  expect(view.rightOffset).toBeCloseTo(FOLLOW_MARGIN);
});
