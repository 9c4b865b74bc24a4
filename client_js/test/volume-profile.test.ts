import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import type { Bars } from "../src/compute/bar-columns";
import { Compute } from "../src/compute/compute";
import { type Port, serve } from "../src/compute/serve";
import type { ProfileBins, VolumeProfile } from "../src/compute/volume-profile";
import { binsOf } from "../src/indicators/volume-profile";
import { CandleStore } from "../src/store/candle-store";
import { KERNELS, walk } from "./bars";

const opened: Compute[] = [];

afterEach(() => {
  for (const compute of opened.splice(0)) compute.dispose();
});

function connected(): Compute {
  const { port1, port2 } = new MessageChannel();
  serve(port2 as unknown as Port);
  const compute = new Compute({ port: port1 as unknown as Port, wasm: KERNELS, shared: false });
  opened.push(compute);
  return compute;
}

/** The same profile, by the definition. */
function byHand(bars: Bars, { from, to, lowest, step, bins, share }: ProfileBins): VolumeProfile {
  const volumes = new Float64Array(bins);
  for (const name of ["open", "high", "low", "close"] as const) {
    for (let i = from; i < Math.min(to, bars.time.length); i++) {
      const bin = Math.floor((bars[name][i] - lowest) / step);
      if (bin >= 0 && bin < bins) volumes[bin] += bars.volume[i] / 4;
    }
  }
  const total = volumes.reduce((sum, each) => sum + each, 0);
  const nothing = { lowest, step, volumes, peak: Number.NaN, first: Number.NaN, last: Number.NaN };
  if (total === 0) return nothing;
  const peak = volumes.indexOf(Math.max(...volumes));
  let [first, last, held] = [peak, peak, volumes[peak]];
  while (held < share * total && (first > 0 || last < bins - 1)) {
    const below = first > 0 ? volumes[first - 1] : -1;
    const above = last < bins - 1 ? volumes[last + 1] : -1;
    held += Math.max(below, above);
    if (above >= below) last++;
    else first--;
  }
  return { lowest, step, volumes, peak, first, last };
}

test("a profile is the volume by price of its bars, as by hand", async () => {
  const compute = connected();
  const bars = walk(400);
  const history = compute.history("ESU4", "1m");
  history.set(walk(400));
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        from: fc.nat(390),
        to: fc.integer({ min: 390, max: 500 }),
        lowest: fc.integer({ min: 21_000, max: 22_500 }).map((ticks) => ticks / 4 - 0.125),
        step: fc.integer({ min: 1, max: 40 }).map((ticks) => ticks / 4),
        bins: fc.integer({ min: 1, max: 200 }),
        share: fc.constantFrom(0.1, 0.7, 1),
      }),
      async (bins) => {
        expect(await history.profile(bins)).toEqual(byHand(bars, bins));
      },
    ),
    { numRuns: 60 },
  );
});

test.each([
  [{ from: -1 }, "rows from 0 on"],
  [{ to: 2 }, "rows from 0 on"],
  [{ lowest: Number.NaN }, "lowest must be finite"],
  [{ step: 0 }, "step must be above 0"],
  [{ bins: 0 }, "bins must be a whole number from 1 to 10000"],
  [{ share: 1.5 }, "share must be above 0 and at most 1"],
])("bins that are not valid are refused: %j", async (wrong, reason) => {
  const history = connected().history("ESU4", "1m");
  const bins = { from: 3, to: 9, lowest: 1, step: 1, bins: 4, share: 0.7, ...wrong };
  await expect(history.profile(bins)).rejects.toThrow(reason);
});

test("a profile of a closed history is declined", async () => {
  const history = connected().history("ESU4", "1m");
  history.close();
  const bins = { from: 0, to: 9, lowest: 1, step: 1, bins: 4, share: 0.7 };
  await expect(history.profile(bins)).rejects.toThrow("the history was closed");
});

test("a worker that goes away leaves nobody waiting", async () => {
  const compute = connected();
  const asked = compute
    .history("ESU4", "1m")
    .profile({ from: 0, to: 9, lowest: 1, step: 1, bins: 4, share: 0.7 });
  compute.dispose();
  await expect(asked).rejects.toThrow("the worker was terminated");
});

test("the bins of a view hold every price of its candles, between their edges", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 30 }),
      fc.constantFrom("0.01", "0.25", "5"),
      fc.integer({ min: 2, max: 100 }),
      (ticks, tickSize, most) => {
        const store = new CandleStore(tickSize);
        const prices = ticks.map((each) => (each * Number(tickSize)).toFixed(2));
        store.reset(
          prices.map((price, i) => ({
            time: i * 60_000,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 1,
            trades: 1,
          })),
        );
        const found = binsOf(store, -5, store.count + 5, { bins: most, valueArea: 0.7 });
        if (found === null) throw new Error("no bins");
        const { lowest, step, bins } = found;
        expect(bins).toBeLessThanOrEqual(most);
        for (const price of prices.map(Number)) {
          const place = (price - lowest) / step;
          expect(place).toBeGreaterThan(0);
          expect(place).toBeLessThan(bins);
          // Away from the edges, so that rounding cannot move a price to the next bin.
          expect(Math.abs(place - Math.round(place))).toBeGreaterThan(1e-6);
        }
      },
    ),
  );
});

test("a view without candles has no bins", () => {
  expect(binsOf(new CandleStore("0.01"), 0, 10, { bins: 64, valueArea: 0.7 })).toBeNull();
});
