import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromUnits, padDecimals } from "../src/format/decimal";
import { type Bar, CandleStore } from "../src/store/candle-store";
import { RECORD_FLOATS } from "../src/store/column";

const price = fc.integer({ min: 1, max: 3_000_000 });

/** A bar at minute `slot`, its prices in hundredths. */
const bar = fc
  .record({
    slot: fc.nat(40),
    prices: fc.tuple(price, price, price, price),
    volume: fc.nat(10_000),
  })
  .map(({ slot, prices, volume }): Bar => {
    const [low, open, close, high] = prices.sort((a, b) => a - b);
    const [o, h, l, c] = [open, high, low, close].map((units) => fromUnits(units, 2));
    return { time: slot * 60_000, open: o, high: h, low: l, close: c, volume, trades: 1 };
  });

function shown(store: CandleStore): Bar[] {
  return Array.from({ length: store.count }, (_, i) => ({
    time: store.time[i],
    open: store.format(store.open.at(i)),
    high: store.format(store.high.at(i)),
    low: store.format(store.low.at(i)),
    close: store.format(store.close.at(i)),
    volume: store.volume.at(i),
    trades: store.trades(i),
  }));
}

function naive(bars: readonly Bar[]): Bar[] {
  const byTime = new Map(bars.map((each) => [each.time, each]));
  return [...byTime.values()].sort((a, b) => a.time - b.time);
}

test("bars in any order end as the latest of each time, in order of time", () => {
  fc.assert(
    fc.property(fc.array(bar, { maxLength: 80 }), (bars) => {
      const store = new CandleStore("0.01");
      for (const each of bars) store.apply(each);
      expect(shown(store)).toEqual(naive(bars));
    }),
  );
});

test("bars put before the oldest candle leave the others as they are", () => {
  fc.assert(
    fc.property(
      fc.array(bar, { maxLength: 40 }),
      fc.array(fc.array(bar, { maxLength: 20 }), { maxLength: 4 }),
      fc.integer({ min: 20, max: 60 }),
      (held, pages, limit) => {
        const store = new CandleStore("0.01", limit);
        const watcher = store.watch();
        let wanted = naive(held).slice(-limit);
        store.reset(wanted);
        for (const page of pages.map(naive)) {
          const oldest = wanted[0]?.time ?? Number.POSITIVE_INFINITY;
          const room = limit - wanted.length;
          const older = page.filter(({ time }) => time < oldest);
          const fitting = older.slice(Math.max(older.length - room, 0));
          const was = [store.generation, store.appended];
          watcher.take();
          expect(store.prepend(page)).toBe(fitting.length);
          expect(watcher.take().all).toBe(fitting.length > 0);
          expect([store.generation, store.appended]).toEqual(was);
          wanted = [...fitting, ...wanted];
          expect(shown(store)).toEqual(wanted);
        }
        const lows = store.low.slice(0, store.count);
        expect(store.extent(0, store.count).low).toBe(Math.min(...lows));
      },
    ),
  );
});

test("a page of older bars may have more decimals than the candles held", () => {
  const store = new CandleStore("0.01");
  const [older, newer] = ["99.125", "100.25"].map((text, slot): Bar => {
    const prices = { open: text, high: text, low: text, close: text };
    return { time: slot, ...prices, volume: 1, trades: 1 };
  });
  store.reset([newer]);
  expect(store.prepend([older])).toBe(1);
  expect(shown(store).map(({ close }) => close)).toEqual(["99.125", "100.250"]);
});

/** Numbers of all sizes: most are exact as 32-bit floats relative to the base, some are not. */
const anyBar = fc
  .record({
    slot: fc.nat(40),
    close: fc.oneof(fc.integer({ min: -9_999, max: 9_999 }), fc.nat({ max: 2 ** 46 })),
    decimals: fc.constantFrom(0, 0, 0, 2),
    volume: fc.oneof(fc.nat(9_999), fc.maxSafeNat(), fc.double({ min: 0, noNaN: true })),
    trades: fc.nat(2 ** 32 - 1),
  })
  .map(({ slot, close, decimals, volume, trades }): Bar => {
    const text = fromUnits(close, decimals);
    return { time: slot, open: text, high: text, low: text, close: text, volume, trades };
  });

test("numbers of any size come out as they went in", () => {
  fc.assert(
    fc.property(fc.array(anyBar, { maxLength: 40 }), fc.array(anyBar), (held, fresh) => {
      const store = new CandleStore("1");
      const bars = naive(held);
      store.reset(bars.slice(10));
      store.prepend(bars.slice(0, 10));
      for (const each of fresh) store.apply(each);
      const padded = (text: string) => padDecimals(text, store.decimals);
      const wanted = naive([...bars, ...fresh]).map(({ open, high, low, close, ...rest }) => {
        const [o, h, l, c] = [open, high, low, close].map(padded);
        return { ...rest, open: o, high: h, low: l, close: c };
      });
      expect(shown(store)).toEqual(wanted);
    }),
  );
});

test("records are the columns relative to the base", () => {
  fc.assert(
    fc.property(fc.array(bar, { minLength: 1, maxLength: 80 }), (bars) => {
      const store = new CandleStore("0.01");
      store.reset(naive(bars.slice(0, 40)));
      for (const each of bars.slice(40)) store.apply(each);
      for (let i = 0; i < store.count; i++) {
        const at = i * RECORD_FLOATS;
        const record = Array.from(store.records.subarray(at, at + RECORD_FLOATS));
        const prices = [store.open, store.high, store.low, store.close].map(
          (column) => column.at(i) - store.base,
        );
        expect(record).toEqual([...prices, store.volume.at(i)]);
      }
    }),
  );
});

test("what is dirty covers every record that changed", () => {
  fc.assert(
    fc.property(
      fc.array(bar, { maxLength: 30 }),
      fc.array(bar, { maxLength: 10 }),
      (old, fresh) => {
        const store = new CandleStore("0.01");
        store.reset(naive(old));
        const copy = Float32Array.from(store.records);
        const watcher = store.watch();
        watcher.take();
        for (const each of fresh) store.apply(each);
        const { from, to, all } = watcher.take();
        if (all) return;
        copy.set(
          store.records.subarray(from * RECORD_FLOATS, to * RECORD_FLOATS),
          from * RECORD_FLOATS,
        );
        const used = store.count * RECORD_FLOATS;
        expect(copy.subarray(0, used)).toEqual(store.records.subarray(0, used));
      },
    ),
  );
});

test("extents and volumes are those of a plain walk", () => {
  const bars = Array.from({ length: 1500 }, (_, i): Bar => {
    const units = 500_000 + ((i * 7919) % 10_007);
    const [o, h, l, c] = [units, units + (i % 13), units - (i % 17), units].map((u) =>
      fromUnits(u, 2),
    );
    return { time: i * 1000, open: o, high: h, low: l, close: c, volume: i % 101, trades: 1 };
  });
  const store = new CandleStore("0.01");
  store.reset(bars.slice(0, 1200));
  for (const each of bars.slice(1200)) store.apply(each);
  const within = fc.nat(store.count);
  fc.assert(
    fc.property(within, within, fc.constantFrom(1, 2, 8, 64), (a, b, per) => {
      const first = Math.floor(Math.min(a, b) / per) * per;
      const last = Math.max(a, b);
      const lows = store.low.slice(first, last);
      const highs = store.high.slice(first, last);
      expect(store.extent(first, last)).toEqual({
        low: Math.min(...lows),
        high: Math.max(...highs),
      });
      let most = 0;
      for (let start = first; start < last; start += per) {
        const sum = store.volume.slice(start, Math.min(start + per, last));
        most = Math.max(
          most,
          sum.reduce((all, each) => all + each, 0),
        );
      }
      expect(store.maxVolume(first, last, per)).toBe(most);
    }),
  );
});

/** Bytes of all typed arrays that `root` holds. */
function arrayBytes(root: object): number {
  const seen = new Set<unknown>();
  const visit = (value: unknown): number => {
    if (typeof value !== "object" || value === null || seen.has(value)) return 0;
    seen.add(value);
    if (ArrayBuffer.isView(value)) return value.byteLength;
    return Object.values(value).reduce((sum, each) => sum + visit(each), 0);
  };
  return visit(root);
}

describe("a store", () => {
  const at = (time: number, text: string): Bar => ({
    time,
    open: text,
    high: text,
    low: text,
    close: text,
    volume: 1,
    trades: 1,
  });

  test("takes a price with more decimals than its tick size, and keeps the old ones exact", () => {
    const store = new CandleStore("0.25");
    store.apply(at(0, "5524.25"));
    store.apply(at(1, "5524.1234"));
    expect(shown(store).map(({ close }) => close)).toEqual(["5524.2500", "5524.1234"]);
    expect(store.tickUnits).toBe(2500);
  });

  test("finds the price step when the feed did not say it", () => {
    const store = new CandleStore();
    expect(store.tickUnits).toBe(1);
    store.apply(at(0, "5528.75"));
    expect(store.tickUnits).toBe(1);
    store.apply(at(1, "5530.25"));
    expect(store.tickUnits).toBe(150);
    store.apply(at(2, "5529"));
    expect(store.tickUnits).toBe(25);
    store.apply(at(3, "5529.125"));
    expect(store.tickUnits).toBe(125);
  });

  test("drops its oldest half when it is full, and goes on", () => {
    const store = new CandleStore("1", 10);
    const watcher = store.watch();
    for (let i = 0; i < 25; i++) store.apply(at(i, String(100 + i)));
    expect(store.count).toBeLessThanOrEqual(10);
    expect(store.time[store.count - 1]).toBe(24);
    expect(store.close.at(store.count - 1)).toBe(124);
    expect(watcher.take().all).toBe(true);
  });

  test("moves its base when prices leave what a 32-bit float holds exactly", () => {
    const store = new CandleStore("0.01");
    store.apply(at(0, "100"));
    store.apply(at(1, "250000.01"));
    expect(store.records[RECORD_FLOATS + 3] + store.base).toBe(25_000_001);
  });

  test("takes at most 40 bytes a candle, freshly filled or grown", () => {
    const store = new CandleStore("1", 1 << 20);
    store.reset(Array.from({ length: 50_000 }, (_, i) => at(i, String(100 + (i % 999)))));
    expect(arrayBytes(store) / store.count).toBeLessThan(40);
    for (let i = 0; i < 10; i++) store.apply(at(50_000 + i, "150"));
    expect(arrayBytes(store) / store.count).toBeLessThan(40);
  });

  test("counts resets and candles appended, for a view that follows", () => {
    const store = new CandleStore("1");
    store.reset([at(0, "1"), at(1, "2")]);
    store.apply(at(1, "3"));
    store.apply(at(2, "4"));
    store.apply(at(0, "5"));
    expect([store.generation, store.appended]).toEqual([1, 1]);
    store.reset([]);
    expect([store.generation, store.appended, store.count]).toEqual([2, 0, 0]);
  });
});
