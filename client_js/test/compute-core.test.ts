import fc from "fast-check";
import { expect, test } from "vitest";
import { type Bars, writeNs } from "../src/compute/bar-columns";
import { ComputeCore } from "../src/compute/core";
import type { Report } from "../src/compute/messages";
import { resolve } from "../src/compute/params";
import { INDICATORS, type IndicatorName, specOf } from "../src/compute/registry";
import { ResultColumns } from "../src/compute/result-columns";
import { bits, chance, joined, KERNELS, MINUTE_MS, rows, START_MS, walk } from "./bars";

/** The indicators of one symbol. */
const NAMES = (Object.keys(INDICATORS) as IndicatorName[]).filter(
  (name) => specOf(name).other === undefined,
);
const HISTORY = 1;

/** A core with one history, and the page's end of what it tells. */
class Desk {
  readonly core: ComputeCore;
  readonly sets = new Map<number, ResultColumns>();
  last: (Report & { type: "results" }) | null = null;

  constructor(shared: boolean) {
    this.core = new ComputeCore(KERNELS, shared);
    this.core.take({ type: "open", history: HISTORY });
    this.sets.set(HISTORY, new ResultColumns(6));
  }

  bars(from: number, bars: Bars): void {
    this.receive(this.core.take({ type: "bars", history: HISTORY, from, bars }));
  }

  add(indicator: number, name: IndicatorName, given = {}): void {
    this.sets.set(indicator, new ResultColumns(Object.keys(specOf(name).outputs).length));
    const resolved = resolve(name, given);
    this.receive(this.core.take({ type: "add", history: HISTORY, indicator, resolved }));
  }

  receive(report: Report | null): void {
    if (report?.type !== "results") throw new Error("no results");
    this.last = report;
    for (const change of report.changes) this.sets.get(change.set)?.receive(change, report.data);
  }

  bits(set: number): bigint[][] {
    return (this.sets.get(set)?.columns ?? []).map(bits);
  }
}

function addAll(desk: Desk, given: Record<string, number>): void {
  NAMES.forEach((name, index) => {
    const known = Object.entries(given).filter(([key]) => Object.hasOwn(specOf(name).params, key));
    desk.add(index + 2, name, Object.fromEntries(known));
  });
}

/** The results of a core that gets all bars at once. */
function batch(bars: Bars, given: Record<string, number>): bigint[][][] {
  const desk = new Desk(false);
  desk.bars(0, rows(bars, 0));
  addAll(desk, given);
  return NAMES.map((_, index) => desk.bits(index + 2));
}

const step = fc.record({
  /** How many bars come, and how far back the change goes: 0 appends, 1 is a running bar. */
  count: fc.integer({ min: 0, max: 5 }),
  back: fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 0, max: 1 }) }, fc.nat(40)),
});

test.each([false, true])(
  "kept up to date = computed at once, bit for bit (shared: %s)",
  (shared) => {
    fc.assert(
      fc.property(
        fc.nat(1_000),
        fc.integer({ min: 0, max: 60 }),
        fc.array(step, { maxLength: 12 }),
        fc.record({
          period: fc.integer({ min: 2, max: 30 }),
          slow: fc.integer({ min: 1, max: 20 }),
        }),
        (seed, first, steps, given) => {
          const desk = new Desk(shared);
          let held = walk(first, seed);
          desk.bars(0, rows(held, 0));
          addAll(desk, given);
          steps.forEach(({ count, back }, index) => {
            const from = Math.max(held.time.length - back, 0);
            const fresh = rows(walk(from + count, seed + 7 * index + 1), from);
            desk.bars(from, rows(fresh, 0));
            held = joined(rows(held, 0, from), fresh);
          });
          const wanted = batch(held, given);
          NAMES.forEach((name, index) => {
            expect([name, desk.bits(index + 2)]).toEqual([name, wanted[index]]);
          });
          expect(Array.from(desk.sets.get(HISTORY)?.columns[0] ?? [])).toEqual([...held.time]);
        },
      ),
      { numRuns: 60 },
    );
  },
);

test("sums, averages and ranges are what plain loops give", () => {
  const bars = walk(200);
  const desk = new Desk(false);
  desk.bars(0, rows(bars, 0));
  desk.add(2, "donchian", { period: 5 });
  desk.add(3, "typical");
  desk.add(4, "ema", { period: 3, source: "open" });
  const [upper] = desk.sets.get(2)?.columns ?? [];
  for (let i = 4; i < 200; i++) expect(upper[i]).toBe(Math.max(...bars.high.slice(i - 4, i + 1)));
  const [typical] = desk.sets.get(3)?.columns ?? [];
  const mean = (bars.high[7] + bars.low[7] + bars.close[7]) / 3;
  expect(typical[7]).toBeCloseTo(mean, 9);
  const [ema] = desk.sets.get(4)?.columns ?? [];
  expect(ema[2]).toBeCloseTo((bars.open[0] + bars.open[1] + bars.open[2]) / 3, 9);
});

test("a tick of the running bar is told as one row", () => {
  const desk = new Desk(false);
  desk.bars(0, walk(500));
  addAll(desk, {});
  desk.bars(499, rows(walk(500, 2), 499));
  expect(desk.last?.changes.map(({ from, count }) => [from, count])).toEqual(
    Array(NAMES.length + 1).fill([499, 500]),
  );
  desk.bars(500, rows(walk(501), 500));
  expect(desk.last?.changes.every(({ from }) => from === 500)).toBe(true);
});

test("shared columns are told once, and written in place until all is new", () => {
  const desk = new Desk(true);
  desk.bars(0, walk(300));
  desk.add(2, "ema");
  const before = desk.sets.get(2)?.columns[0];
  desk.bars(299, rows(walk(300, 5), 299));
  expect(desk.last?.changes.map(({ shared }) => shared)).toEqual([null, null]);
  expect(desk.last?.data.length).toBe(0);
  expect(desk.sets.get(2)?.columns[0].buffer).toBe(before?.buffer);
  desk.bars(0, walk(300, 9));
  expect(desk.sets.get(2)?.columns[0].buffer).not.toBe(before?.buffer);
});

test("trades fold into the bars that a plain loop makes, however they are cut", () => {
  fc.assert(
    fc.property(
      fc.nat(999),
      fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 12 }),
      (seed, cuts) => {
        const next = chance(seed);
        const count = cuts.reduce((sum, each) => sum + each, 0);
        const trades = Array.from({ length: count }, (_, i) => ({
          ms: START_MS + i * 17_000 + Math.floor(next() * 9_000),
          price: 100 + Math.floor(next() * 40) / 4,
          size: 1 + Math.floor(next() * 9),
        }));
        const desk = new Desk(false);
        let at = 0;
        for (const cut of cuts) {
          const part = trades.slice(at, at + cut);
          at += cut;
          desk.receive(
            desk.core.take({
              type: "trades",
              history: HISTORY,
              intervalNs: BigInt(MINUTE_MS) * 1_000_000n,
              trades: {
                ts: BigInt64Array.from(part, ({ ms }) => BigInt(ms) * 1_000_000n),
                price: Float64Array.from(part, ({ price }) => price),
                size: Float64Array.from(part, ({ size }) => size),
              },
            }),
          );
        }
        const wanted = new Map<number, number[]>();
        for (const { ms, price, size } of trades) {
          const start = Math.floor(ms / MINUTE_MS) * MINUTE_MS;
          const bar = wanted.get(start) ?? [price, price, price, price, 0];
          wanted.set(start, [
            bar[0],
            Math.max(bar[1], price),
            Math.min(bar[2], price),
            price,
            bar[4] + size,
          ]);
        }
        const [time, ...columns] = desk.sets.get(HISTORY)?.columns ?? [];
        expect(Array.from(time)).toEqual([...wanted.keys()]);
        const made = Array.from(time, (_, i) => columns.map((column) => column[i]));
        expect(made).toEqual([...wanted.values()]);
      },
    ),
    { numRuns: 50 },
  );
});

test("times in ms become exact ns, before and after 1970", () => {
  const ms = fc.integer({ min: -(2 ** 43), max: 2 ** 43 });
  fc.assert(
    fc.property(fc.array(ms), (times) => {
      const written = new BigInt64Array(times.length + 1);
      writeNs(written.buffer, 8, Float64Array.from(times));
      expect(Array.from(written.subarray(1))).toEqual(times.map((t) => BigInt(t) * 1_000_000n));
    }),
  );
});

test("memory is given back: histories and indicators come and go in the same room", () => {
  const desk = new Desk(false);
  const round = (id: number) => {
    desk.core.take({ type: "open", history: id });
    desk.core.take({ type: "bars", history: id, from: 0, bars: walk(5_000) });
    NAMES.forEach((name, index) => {
      const indicator = id * 100 + index;
      desk.core.take({ type: "add", history: id, indicator, resolved: resolve(name) });
      if (index % 2 === 0) desk.core.take({ type: "remove", indicator });
    });
    desk.core.take({ type: "close", history: id });
  };
  round(10);
  const before = desk.core.memoryBytes;
  for (let id = 11; id < 40; id++) round(id);
  expect(desk.core.memoryBytes).toBe(before);
});

test("an indicator that does not fit in memory is refused, and the others go on", () => {
  const core = new ComputeCore(KERNELS, false, 80);
  core.take({ type: "open", history: HISTORY });
  core.take({ type: "bars", history: HISTORY, from: 0, bars: walk(100) });
  core.take({ type: "add", history: HISTORY, indicator: 2, resolved: resolve("ema") });
  const large = { ...resolve("sma"), numbers: { period: 1_048_576 } };
  const reason = "the kernels' memory is full";
  for (const indicator of [3, 4]) {
    expect(core.take({ type: "add", history: HISTORY, indicator, resolved: large })).toEqual({
      type: "refused",
      history: HISTORY,
      indicator,
      reason,
    });
  }
  const bars = rows(walk(101), 100);
  const report = core.take({ type: "bars", history: HISTORY, from: 100, bars });
  const sets = report?.type === "results" ? report.changes.map(({ set }) => set) : [];
  expect(sets).toEqual([HISTORY, 2]);
});

test("requests for a closed history have no effect", () => {
  const desk = new Desk(false);
  desk.core.take({ type: "close", history: HISTORY });
  expect(desk.core.take({ type: "bars", history: HISTORY, from: 0, bars: walk(3) })).toBeNull();
  const resolved = resolve("ema");
  expect(desk.core.take({ type: "add", history: HISTORY, indicator: 2, resolved })).toBeNull();
  expect(desk.core.take({ type: "settle", id: 4 })).toEqual({ type: "settled", id: 4 });
});
