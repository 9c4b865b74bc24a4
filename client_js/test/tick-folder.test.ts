import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ShownSource } from "../src/chart/chart-source";
import { CandleStore } from "../src/store/candle-store";
import type { Interval } from "../src/store/intervals";
import { TickFolder, type TickInput } from "../src/store/ticks";
import { boundsOf } from "../src/store/trading-hours";

const MINUTE = 60_000;

function folder(tickSize = "0.25", intervalMs = MINUTE) {
  const store = new CandleStore(tickSize);
  return { store, folder: new TickFolder(store, intervalMs) };
}

function bars(store: CandleStore) {
  return Array.from({ length: store.count }, (_, i) => store.bar(i));
}

function folded(ticks: readonly TickInput[], tickSize?: string) {
  const made = folder(tickSize);
  for (const tick of ticks) made.folder.fold(tick);
  return bars(made.store);
}

const tick = fc.record({
  time: fc.integer({ min: 0, max: 10 * MINUTE }),
  units: fc.integer({ min: -40, max: 400 }),
  volume: fc.nat(50),
});

function grouped<T extends { time: number }>(ticks: readonly T[]): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const each of ticks) {
    const start = Math.floor(each.time / MINUTE) * MINUTE;
    groups.set(start, [...(groups.get(start) ?? []), each]);
  }
  return groups;
}

test("ticks in order make the bars that a plain grouping makes", () => {
  fc.assert(
    fc.property(fc.array(tick, { minLength: 1, maxLength: 60 }), (given) => {
      const ticks = [...given].sort((a, b) => a.time - b.time);
      const groups = grouped(ticks);
      const wanted = [...groups].map(([time, inside]) => {
        const prices = inside.map(({ units }) => units / 4);
        const [open, high] = [prices[0], Math.max(...prices)];
        const [low, close] = [Math.min(...prices), prices[prices.length - 1]];
        const volume = inside.reduce((sum, each) => sum + each.volume, 0);
        const notional = inside.reduce((sum, each) => sum + (each.units / 4) * each.volume, 0);
        const vwap = volume > 0 ? expect.closeTo(notional / volume, 9) : expect.anything();
        return { time, open, high, low, close, volume, trades: inside.length, vwap };
      });
      const made = folded(
        ticks.map(({ time, units, volume }) => ({ time, price: units / 4, volume })),
      );
      expect(made.map((bar) => ({ ...bar, ...numbers(bar), vwap: Number(bar.vwap) }))).toEqual(
        wanted,
      );
    }),
  );
});

function numbers({
  open,
  high,
  low,
  close,
}: {
  open: string;
  high: string;
  low: string;
  close: string;
}) {
  return { open: Number(open), high: Number(high), low: Number(low), close: Number(close) };
}

test("in any order, no tick is lost and none but the first bar's predecessors is refused", () => {
  fc.assert(
    fc.property(fc.array(tick, { minLength: 1, maxLength: 60 }), (ticks) => {
      const made = folder();
      const taken = ticks.filter(({ time, units, volume }) =>
        made.folder.fold({ time, price: units / 4, volume }),
      );
      const first = Math.floor(ticks[0].time / MINUTE) * MINUTE;
      expect(taken).toEqual(ticks.filter(({ time }) => time >= first));
      const all = bars(made.store);
      const sum = (each: { volume: number }[]) =>
        each.reduce((total, { volume }) => total + volume, 0);
      expect(sum(all)).toBe(sum(taken));
      for (const { time, high, low } of all) {
        const inside = taken.filter((each) => each.time >= time && each.time < time + MINUTE);
        const prices = inside.map(({ units }) => units / 4);
        expect([Number(high), Number(low)]).toEqual([Math.max(...prices), Math.min(...prices)]);
      }
    }),
  );
});

describe("a late tick", () => {
  const early = { time: 10_000, price: 100, volume: 1 };

  test("of the newest bar is its open if it is the earliest, and not its close", () => {
    const [bar] = folded([early, { time: 30_000, price: 103 }, { time: 5_000, price: 99 }]);
    expect(bar).toMatchObject({ open: "99.00", high: "103.00", low: "99.00", close: "103.00" });
  });

  test("of an older bar widens it and leaves its ends", () => {
    const late = { time: 59_000, price: 120, volume: 7 };
    const [older, newest] = folded([early, { time: MINUTE, price: 101 }, late]);
    expect(older).toMatchObject({ open: "100.00", high: "120.00", close: "100.00", volume: 8 });
    expect(newest).toMatchObject({ high: "101.00", close: "101.00" });
  });

  test("before all bars makes none", () => {
    const made = folder();
    made.folder.fold({ time: 10 * MINUTE, price: 100 });
    expect(made.folder.fold({ time: 9 * MINUTE, price: 1 })).toBe(false);
    expect(made.store.count).toBe(1);
  });

  test("between bars that are apart makes the bar that was missing", () => {
    const made = folded([early, { time: 5 * MINUTE, price: 101 }, { time: 2 * MINUTE, price: 99 }]);
    expect(made.map(({ time }) => time)).toEqual([0, 2 * MINUTE, 5 * MINUTE]);
  });
});

test("a bar from the history goes on: its open stays, the tick is its close", () => {
  const made = folder();
  made.store.reset([
    { time: 0, open: "100", high: "101", low: "99", close: "100.5", volume: 10, trades: 4 },
  ]);
  made.folder.fold({ time: 20_000, price: "98", volume: 2 });
  expect(made.store.bar(0)).toEqual({
    time: 0,
    open: "100.00",
    high: "101.00",
    low: "98.00",
    close: "98.00",
    volume: 12,
    trades: 5,
  });
});

test("bars that begin at the session's opening stay in its rhythm", () => {
  const made = folder("0.01", 60 * MINUTE);
  made.folder.fold({ time: 0, price: 1 });
  made.store.reset([
    { time: 30 * MINUTE, open: "1", high: "1", low: "1", close: "1", volume: 0, trades: 0 },
  ]);
  made.folder.fold({ time: 95 * MINUTE, price: 2 });
  expect(made.store.bar(1).time).toBe(90 * MINUTE);
});

test.each([
  [5524.37, "0.25", "5524.25"],
  [5524.375, "0.25", "5524.50"],
  ["5524.3749999", "0.25", "5524.25"],
  [-1.125, "0.25", "-1.00"],
  [1.005, "0.01", "1.01"],
  [0.1 + 0.2, "0", "0.3"],
  [1e-7, "0", "0.0000001"],
  [65_000.123456789, "0", "65000.12345679"],
  [104.5, "5", "105"],
  ["1.07310", "0.00001", "1.07310"],
])("price %s at tick size %s is %s", (price, tickSize, wanted) => {
  expect(folded([{ time: 0, price }], tickSize)[0].close).toBe(wanted);
});

test("times are Dates, milliseconds, nanoseconds or ISO text", () => {
  const at = Date.UTC(2024, 6, 1, 13, 30, 5);
  for (const time of [new Date(at), at, BigInt(at) * 1_000_000n, "2024-07-01T13:30:05Z"]) {
    expect(folded([{ time, price: 1 }])[0].time).toBe(at - 5_000);
  }
});

test.each([
  [{ price: Number.NaN }, RangeError, "price must be finite, not NaN"],
  [{ price: Number.POSITIVE_INFINITY }, RangeError, "price must be finite, not Infinity"],
  [{ price: "12,5" }, RangeError, 'price must be a decimal number, not "12,5"'],
  [{ price: undefined }, TypeError, "price must be a number or a decimal string, not undefined"],
  [{ price: null }, TypeError, "price must be a number or a decimal string, not null"],
  [{ volume: -1 }, RangeError, "volume must be finite and not negative, not -1"],
  [{ volume: Number.NaN }, RangeError, "volume must be finite and not negative, not NaN"],
  [{ volume: {} }, TypeError, "volume must be a number, not an Object"],
  [{ time: new Date(Number.NaN) }, RangeError, "time is not a valid time: an invalid Date"],
  [{ time: Number.NaN }, RangeError, "time is not a valid time: NaN"],
  [{ time: "yesterday" }, RangeError, 'time is not a valid time: "yesterday"'],
  [{ time: 1.7e18 }, RangeError, "time must be in milliseconds since 1970"],
  [{ time: undefined }, TypeError, "time must be a Date"],
])("%o is refused by its name, and nothing is lost", (wrong, kind, message) => {
  const made = folder();
  made.folder.fold({ time: 0, price: 100, volume: 3 });
  const before = bars(made.store);
  const bad = { time: 1_000, price: 101, volume: 1, ...wrong } as unknown as TickInput;
  expect(() => made.folder.fold(bad)).toThrow(kind);
  expect(() => made.folder.fold(bad)).toThrow(message);
  expect(bars(made.store)).toEqual(before);
  made.folder.fold({ time: 2_000, price: 102, volume: 1 });
  expect(made.store.bar(0)).toMatchObject({ close: "102.00", volume: 4, trades: 2 });
});

const CME = {
  time_zone: "America/Chicago",
  opens: 17 * 60,
  closes: 16 * 60,
  days: [0, 1, 2, 3, 4],
  holidays: ["2024-03-29"],
};

describe("days and weeks of a market with sessions", () => {
  const ms = (text: string) => Date.parse(text);

  test.each<[Interval, string, string]>([
    // The clocks change on 10 March: the session closes at 22:00 UTC before it, then at 21:00.
    ["1d", "2024-03-07T21:59:59Z", "2024-03-07"],
    ["1d", "2024-03-07T22:00:00Z", "2024-03-08"],
    ["1d", "2024-03-10T22:00:00Z", "2024-03-11"],
    ["1d", "2024-03-11T20:59:59Z", "2024-03-11"],
    ["1d", "2024-03-11T21:00:00Z", "2024-03-12"],
    ["1d", "2024-03-28T22:00:00Z", "2024-04-01"],
    ["1w", "2024-03-08T21:59:59Z", "2024-03-04"],
    ["1w", "2024-03-10T22:00:00Z", "2024-03-11"],
    ["1h", "2024-03-10T22:10:00Z", "2024-03-10T22:00:00Z"],
  ])("%s: a tick of %s belongs to the candle of %s", (interval, time, candle) => {
    const source = new ShownSource({ interval, bounds: boundsOf(interval, CME) }, "utc");
    expect(source.fold({ price: 1, time })).toBe(true);
    expect(source.resolved.store.time[0]).toBe(ms(candle));
  });

  test("each tick is in the candle of its session, late ones too", () => {
    const around = fc.integer({ min: -12 * 24 * 60, max: 12 * 24 * 60 });
    fc.assert(
      fc.property(
        fc.constantFrom<"1d" | "1w">("1d", "1w"),
        fc.constantFrom("2024-03-10", "2024-11-03"),
        fc.array(around, { minLength: 1, maxLength: 60 }),
        (interval, day, minutes) => {
          const bounds = boundsOf(interval, CME);
          const store = new CandleStore("1");
          const folder = new TickFolder(store, bounds);
          const wanted = new Map<number, number>();
          let first = Number.POSITIVE_INFINITY;
          for (const minute of minutes) {
            const time = ms(day) + minute * MINUTE;
            const start = bounds.startOf(time);
            if (wanted.size === 0) first = start;
            expect(folder.fold({ price: 1, volume: 1, time })).toBe(start >= first);
            if (start >= first) wanted.set(start, (wanted.get(start) ?? 0) + 1);
          }
          const inOrder = [...wanted].sort(([one], [other]) => one - other);
          expect(bars(store).map(({ time, volume }) => [time, volume])).toEqual(inOrder);
        },
      ),
    );
  });

  test("a candle closes with its session", () => {
    const source = new ShownSource({ interval: "1d", bounds: boundsOf("1d", CME) }, "utc");
    expect(source.closeOf(ms("2024-03-08"))).toBe(ms("2024-03-08T22:00:00Z"));
    expect(source.closeOf(ms("2024-03-11"))).toBe(ms("2024-03-11T21:00:00Z"));
    const plain = new ShownSource({ interval: "1d" }, "utc");
    expect(plain.closeOf(ms("2024-03-08"))).toBe(ms("2024-03-09"));
  });

  test("weeks without sessions begin on Mondays", () => {
    const source = new ShownSource({ interval: "1w" }, "utc");
    source.fold({ price: 1, time: "2024-03-08T12:00:00Z" });
    expect(source.resolved.store.time[0]).toBe(ms("2024-03-04"));
  });

  test.each([
    [{}, TypeError, /^hours must be trading hours, as topics tell them/],
    [{ ...CME, opens: "17:00" }, TypeError, /^hours must be trading hours/],
    [{ ...CME, time_zone: 5 }, RangeError, /^hours.time_zone must be a zone's name/],
    [{ ...CME, time_zone: "Mars/Olympus" }, RangeError, /Mars/],
  ])("%o are refused", (hours, kind, message) => {
    const make = () => boundsOf("1d", hours as typeof CME);
    expect(make).toThrow(kind);
    expect(make).toThrow(message);
  });

  test("bounds of another kind are refused", () => {
    const make = () => new ShownSource({ interval: "1d", bounds: CME as never }, "utc");
    expect(make).toThrow(/^bounds must be those of boundsOf/);
  });
});
