import fc from "fast-check";
import { expect, test } from "vitest";
import type { Bars } from "../src/compute/bar-columns";
import { Compute } from "../src/compute/compute";
import { ComputeCore } from "../src/compute/core";
import type { Report } from "../src/compute/messages";
import { resolve } from "../src/compute/params";
import { ResultColumns } from "../src/compute/result-columns";
import { type Port, serve } from "../src/compute/serve";
import { bits, chance, joined, KERNELS, MINUTE_MS, rows, START_MS, walk } from "./bars";

const [OWN, OTHER, PAIR] = [1, 2, 3];
const CORRELATION = resolve("correlation", { symbol: "NQU4", period: 5 });

/** A core with the histories of two symbols and their correlation. */
class Pair {
  readonly core: ComputeCore;
  readonly results = new ResultColumns(2);
  last: Report | null = null;

  constructor(shared = false) {
    this.core = new ComputeCore(KERNELS, shared);
    for (const history of [OWN, OTHER]) this.core.take({ type: "open", history });
    const add = { history: OWN, indicator: PAIR, resolved: CORRELATION, other: OTHER };
    this.receive(this.core.take({ type: "add", ...add }));
  }

  bars(history: number, from: number, bars: Bars): void {
    this.receive(this.core.take({ type: "bars", history, from, bars: rows(bars, 0) }));
  }

  get bits(): bigint[][] {
    return this.results.columns.map(bits);
  }

  private receive(report: Report | null): void {
    if (report?.type !== "results") throw new Error("no results");
    this.last = report;
    const change = report.changes.find(({ set }) => set === PAIR);
    if (change !== undefined) this.results.receive(change, report.data);
  }
}

/** Bars of a seeded walk, of which a share is missing. */
function sparse(count: number, seed: number, missing: number): Bars {
  const bars = walk(count, seed);
  const next = chance(seed + 1);
  const kept = Array.from({ length: count }, (_, i) => i).filter(() => next() >= missing);
  const entries = Object.entries(bars).map(([name, column]) => [
    name,
    Float64Array.from(kept, (i) => (column as Float64Array)[i]),
  ]);
  return Object.fromEntries(entries) as never;
}

/** Correlation of the last `period` pairs at each bar of `own`; NaN where there are fewer. */
function plain(own: Bars, other: Bars, period: number): number[] {
  const prices = new Map([...other.time].map((time, i) => [time, other.close[i]]));
  const pairs: [number, number][] = [];
  return [...own.time].map((time, i) => {
    const x = prices.get(time);
    if (x === undefined) return Number.NaN;
    pairs.push([x, own.close[i]]);
    const window = pairs.slice(-period);
    if (window.length < period) return Number.NaN;
    const mean = (k: 0 | 1) => window.reduce((sum, pair) => sum + pair[k], 0) / period;
    const [mx, my] = [mean(0), mean(1)];
    const sum = (f: (dx: number, dy: number) => number) =>
      window.reduce((total, [a, b]) => total + f(a - mx, b - my), 0);
    const [xx, yy, xy] = [sum((dx) => dx * dx), sum((_, dy) => dy * dy), sum((dx, dy) => dx * dy)];
    return xx === 0 || yy === 0 ? 0 : xy / Math.sqrt(xx * yy);
  });
}

test("bars of the same time are paired, whatever either symbol lacks", () => {
  fc.assert(
    fc.property(fc.nat(999), fc.nat(80), fc.nat(80), (seed, a, b) => {
      const own = sparse(a, seed, 0.2);
      const other = sparse(b, seed + 50, 0.4);
      const pair = new Pair();
      pair.bars(OTHER, 0, other);
      pair.bars(OWN, 0, own);
      const [coefficient] = pair.results.columns;
      const wanted = plain(own, other, 5);
      expect(coefficient.length).toBe(own.time.length);
      wanted.forEach((value, i) => {
        if (Number.isNaN(value)) expect(coefficient[i]).toBeNaN();
        else expect(coefficient[i]).toBeCloseTo(value, 6);
      });
    }),
    { numRuns: 60 },
  );
});

const step = fc.record({
  isOwn: fc.boolean(),
  count: fc.integer({ min: 0, max: 5 }),
  back: fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 0, max: 1 }) }, fc.nat(40)),
});

test.each([false, true])(
  "kept up to date from both sides = computed at once, bit for bit (shared: %s)",
  (shared) => {
    fc.assert(
      fc.property(fc.nat(999), fc.array(step, { maxLength: 14 }), (seed, steps) => {
        const pair = new Pair(shared);
        const held: Record<number, Bars> = { [OWN]: sparse(30, seed, 0.2), [OTHER]: walk(0) };
        pair.bars(OWN, 0, held[OWN]);
        steps.forEach(({ isOwn, count, back }, index) => {
          const history = isOwn ? OWN : OTHER;
          const before = held[history];
          const from = Math.max(before.time.length - back, 0);
          const since = from > 0 ? before.time[from - 1] : START_MS;
          const fresh = sparse(count + 2, seed + 9 * index, 0.3);
          fresh.time.forEach((_, i) => {
            fresh.time[i] = since + (i + 1) * MINUTE_MS;
          });
          pair.bars(history, from, fresh);
          held[history] = joined(rows(before, 0, from), fresh);
        });
        const whole = new Pair();
        whole.bars(OTHER, 0, held[OTHER]);
        whole.bars(OWN, 0, held[OWN]);
        expect(pair.bits).toEqual(whole.bits);
      }),
      { numRuns: 80 },
    );
  },
);

test("a tick of either running bar is told as few rows", () => {
  const pair = new Pair();
  pair.bars(OWN, 0, walk(500));
  pair.bars(OTHER, 0, walk(500, 2));
  const changed = () =>
    pair.last?.type === "results" &&
    pair.last.changes.map(({ set, from, count }) => [set, from, count]);
  pair.bars(OTHER, 499, rows(walk(500, 3), 499));
  expect(changed()).toEqual([
    [OTHER, 499, 500],
    [PAIR, 499, 500],
  ]);
  pair.bars(OWN, 500, rows(walk(501), 500));
  expect(changed()).toEqual([
    [OWN, 500, 501],
    [PAIR, 500, 501],
  ]);
  pair.bars(OTHER, 500, rows(walk(502, 2), 500));
  expect(changed()).toEqual([
    [OTHER, 500, 502],
    [PAIR, 500, 501],
  ]);
  pair.bars(OTHER, 501, rows(walk(502, 2), 501));
  expect(changed()).toEqual([[OTHER, 501, 502]]);
});

test("what is computed from a closed history ends with it, and memory is given back", () => {
  const pair = new Pair();
  const round = (id: number) => {
    for (const history of [id, id + 1]) {
      pair.core.take({ type: "open", history });
      pair.core.take({ type: "bars", history, from: 0, bars: walk(5_000, history) });
    }
    const add = { history: id, indicator: id + 2, resolved: CORRELATION, other: id + 1 };
    pair.core.take({ type: "add", ...add });
    pair.core.take({ type: "close", history: id + 1 });
    const told = pair.core.take({ type: "bars", history: id, from: 0, bars: walk(3) });
    expect(told?.type === "results" && told.changes.map(({ set }) => set)).toEqual([id]);
    pair.core.take({ type: "close", history: id });
  };
  round(10);
  const before = pair.core.memoryBytes;
  for (let id = 20; id < 400; id += 10) round(id);
  expect(pair.core.memoryBytes).toBe(before);
  const lone = { history: OWN, indicator: 9, resolved: CORRELATION, other: 999 };
  expect(pair.core.take({ type: "add", ...lone })).toBeNull();
});

test("a page adds one by name, and hears of it from either side", async () => {
  const { port1, port2 } = new MessageChannel();
  serve(port2 as unknown as Port);
  const compute = new Compute({ port: port1 as unknown as Port, wasm: KERNELS, shared: false });
  const own = compute.history("ESU4", "1m");
  const other = compute.history("NQU4", "1m");
  own.set(walk(60));
  other.set(walk(60, 2));
  const pair = compute.indicator("correlation", { period: 10 }, own, other);
  expect(pair.title).toBe("Correlation NQU4 10");
  const told: unknown[] = [];
  pair.onChange((rows) => void told.push(rows));
  await compute.settled();
  other.update(59, rows(walk(60, 3), 59));
  own.update(60, rows(walk(61), 60));
  await compute.settled();
  expect(told).toEqual([
    { from: 0, count: 60 },
    { from: 59, count: 60 },
    { from: 60, count: 61 },
  ]);
  expect(Object.keys(pair.outputs)).toEqual(["coefficient", "beta"]);
  expect(pair.time.length).toBe(61);
  const lone = "correlation: symbol is the name of the other symbol, not undefined";
  expect(() => own.indicator("correlation")).toThrow(lone);
  expect(() => own.indicator("correlation", { symbol: "NQU4" })).toThrow(
    "correlation needs the history of NQU4",
  );
  expect(() => own.indicator("ema", {}, other)).toThrow('ema has no parameter "symbol"');
  compute.dispose();
});
