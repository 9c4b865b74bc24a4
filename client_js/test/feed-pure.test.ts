import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { decodeTicks, priceText } from "../src/feed/binary";
import { ClockEstimate, nsToMs } from "../src/feed/clock";
import { Cursor } from "../src/feed/cursor";
import { backoff, nextStatus, type Status, type StatusEvent } from "../src/feed/status";

/** Two ticks, as `tickfire.store.schema` lays them out. */
const GOLDEN =
  "01000200020000002a000000000000000102030405060708" +
  "153da7e8e919de1700ba1c013705000003000000f24000000700000001428001" +
  "153da7e8e919de17ffffffffffffffffffffffff0100000000000000034e0002";

function bytes(hex: string): ArrayBuffer {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)).buffer;
}

test("packed ticks are read as they were laid out", () => {
  const { epoch, feed, shard, first, last, ticks } = decodeTicks(bytes(GOLDEN));
  expect({ epoch, feed, shard, first, last }).toEqual({
    feed: 1,
    epoch: "0102030405060708",
    shard: 0,
    first: 42n,
    last: 43n,
  });
  expect(ticks[0]).toEqual({
    kind: 1,
    feed: 1,
    instrumentId: 0x40f2,
    price: "5733.8",
    size: 3,
    side: "B",
    sequence: 7,
    tsEvent: 1719840600123456789n,
    timestamp: 1719840600123,
  });
  expect(ticks[1]).toMatchObject({ kind: 3, price: "-0.000000001", size: 2 ** 32 - 1, feed: 2 });
});

test("a side of which nothing is left has no price", () => {
  const gone = GOLDEN.replace("ffffffffffffffffffffffff01", "ffffffffffffff7f0000000001");
  expect(decodeTicks(bytes(gone)).ticks[1]).toMatchObject({ kind: 3, price: null, size: 0 });
});

test("a header of version 2 names the feed", () => {
  const second = `02${GOLDEN.slice(2, 48)}0900000000000000${GOLDEN.slice(48)}`;
  expect(decodeTicks(bytes(second))).toEqual({ ...decodeTicks(bytes(GOLDEN)), feed: 9 });
  expect(() => decodeTicks(bytes(GOLDEN.replace(/^01/, "02")))).toThrow(RangeError);
});

test.each([
  ["of another version", GOLDEN.replace(/^01/, "03")],
  ["cut short", GOLDEN.slice(0, -2)],
  ["too long", `${GOLDEN}00`],
  ["empty", ""],
])("packed ticks %s are refused", (_, hex) => {
  expect(() => decodeTicks(bytes(hex))).toThrow(RangeError);
});

test("a packed price is the shortest exact decimal", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (price) => {
      const text = priceText(price);
      const [whole, fraction = ""] = text.replace("-", "").split(".");
      const back = BigInt(whole + fraction.padEnd(9, "0"));
      expect(text.startsWith("-") ? -back : back).toBe(price);
      expect(text).not.toMatch(/\.\d*0$|\.$/);
    }),
  );
});

describe("a cursor", () => {
  test("asks for nothing first, then for what came after the last id", () => {
    const cursor = new Cursor();
    expect(cursor.params()).toEqual({});
    expect(cursor.joined({ id: "e-5" })).toBeNull();
    expect(cursor.params()).toEqual({ since: "e-5" });
    cursor.moved("e-9");
    expect(cursor.params()).toEqual({ since: "e-9" });
  });

  test("stays where it was when the reply promises what is missing", () => {
    const cursor = new Cursor("e-9");
    expect(cursor.joined({ id: "e-z", recovered: true })).toEqual({ recovered: true });
    expect(cursor.id).toBe("e-9");
  });

  test("goes on after what is gone", () => {
    const cursor = new Cursor("e-9");
    const missed = { from: "e-9", to: "e-k" };
    expect(cursor.joined({ id: "e-z", recovered: false, missed })).toEqual({
      recovered: false,
      missed,
    });
    expect(cursor.id).toBe("e-k");
  });

  test("is any id, also one within a write of merged ticks", () => {
    const cursor = new Cursor("0102030405060708-5.2");
    cursor.moved("0102030405060708-5~7~9.2");
    expect(cursor.params()).toEqual({ since: "0102030405060708-5~7~9.2" });
    cursor.movedTo({ epoch: "0102030405060708", shard: 0, last: 9n });
    expect(cursor.id).toBe("0102030405060708-9.2");
  });

  test("begins anew after too long a silence", () => {
    vi.useFakeTimers();
    const cursor = new Cursor(null, 1000);
    cursor.joined({ id: "e-5" });
    vi.advanceTimersByTime(900);
    cursor.moved("e-6");
    vi.advanceTimersByTime(900);
    expect(cursor.params()).toEqual({ since: "e-6" });
    vi.advanceTimersByTime(200);
    expect(cursor.params()).toEqual({});
    expect(cursor.joined({ id: "e-9" })).toBeNull();
    vi.useRealTimers();
  });

  test("keeps the place of each shard of packed ticks", () => {
    const cursor = new Cursor();
    cursor.joined({ id: "0102030405060708-a.b.c" });
    cursor.movedTo({ epoch: "0102030405060708", shard: 1, last: 71n });
    expect(cursor.id).toBe("0102030405060708-a.1z.c");
    cursor.movedTo({ epoch: "01ffffffffffffff", shard: 1, last: 36n });
    expect(cursor.id).toBe("01ffffffffffffff-0.10");
  });

  test("keeps the place of each feed", () => {
    const cursor = new Cursor();
    cursor.joined({ id: "0102030405060708-a" });
    cursor.movedTo({ epoch: "0302030405060708", shard: 0, last: 2n });
    cursor.movedTo({ epoch: "0202030405060708", shard: 1, last: 3n });
    expect(cursor.id).toBe("0102030405060708-a_0202030405060708-0.3_0302030405060708-2");
  });

  test("goes on after what one feed has lost, and stays where it was in the others", () => {
    const cursor = new Cursor("0100000000000000-5_0200000000000000-9_0300000000000000-1");
    const missed = {
      from: "0200000000000000-9_0300000000000000-1",
      to: "02ffffffffffffff-k",
    };
    cursor.joined({ id: "0100000000000000-z_02ffffffffffffff-z", recovered: false, missed });
    expect(cursor.id).toBe("0100000000000000-5_02ffffffffffffff-k");
  });
});

describe("the connection's state", () => {
  const reached = (...events: StatusEvent[]) =>
    events.reduce<Status>(nextStatus, { state: "closed" });
  const drop: StatusEvent = { type: "drop", retryAt: 5000, tries: 2 };

  test("tells when it will try again", () => {
    expect(reached({ type: "start" })).toEqual({ state: "connecting" });
    expect(reached({ type: "start" }, { type: "open" }, drop)).toEqual({
      state: "reconnecting",
      retryAt: 5000,
      tries: 2,
    });
    expect(reached({ type: "start" }, drop, { type: "open" })).toEqual({ state: "open" });
  });

  test("stays closed once it was closed, until it is started", () => {
    expect(reached({ type: "start" }, { type: "stop" }, drop)).toEqual({ state: "closed" });
  });

  test("waits longer from try to try, never more than 4 s, and not in step with others", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (tries, r) => {
          expect(backoff(tries, r)).toBeGreaterThanOrEqual(160);
          expect(backoff(tries, r)).toBeLessThan(4000);
          expect(backoff(tries + 1, r)).toBeGreaterThanOrEqual(backoff(tries, r));
        },
      ),
    );
    expect(backoff(3, 0)).not.toBe(backoff(3, 0.9));
  });
});

describe("the clock estimate", () => {
  test("trusts the fastest round trip", () => {
    const clock = new ClockEstimate();
    clock.add(1000, 1100, 6000);
    clock.add(2000, 2002, 7001.25);
    clock.add(3000, 3050, 9000);
    expect([clock.offset, clock.roundTrip]).toEqual([5000.25, 2]);
  });

  test("is off by no more than half its round trip", () => {
    const delay = fc.double({ min: 0, max: 50, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(delay, delay), { minLength: 1, maxLength: 10 }), (delays) => {
        const clock = new ClockEstimate();
        delays.forEach(([there, back], i) => {
          clock.add(i * 1000, i * 1000 + there + back, i * 1000 + there + 777);
        });
        expect(Math.abs(clock.offset - 777)).toBeLessThanOrEqual(clock.roundTrip / 2 + 1e-6);
      }),
    );
  });

  test("nanoseconds keep their fraction of a millisecond", () => {
    expect(nsToMs("1719840600123456789")).toBeCloseTo(1719840600123.4568, 3);
  });
});
