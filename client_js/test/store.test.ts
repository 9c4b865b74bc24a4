import fc from "fast-check";
import { expect, test } from "vitest";
import { RECORD_FLOATS } from "../src/store/column";
import { reduceBuckets } from "../src/store/lod";
import { RateCounter } from "../src/store/rate";
import { Ring } from "../src/store/ring";

const record = fc.tuple(...Array.from({ length: RECORD_FLOATS }, () => fc.nat(9999)));

test("reduced candles are first, highest, lowest, last and sum of each bucket", () => {
  fc.assert(
    fc.property(
      fc.array(record, { minLength: 1, maxLength: 70 }),
      fc.constantFrom(2, 4, 8, 32),
      (rows, per) => {
        const buckets = Math.ceil(rows.length / per);
        const out = new Float32Array(buckets * RECORD_FLOATS);
        reduceBuckets(Float32Array.from(rows.flat()), rows.length, per, 0, buckets, out);
        const wanted = Array.from({ length: buckets }, (_, bucket) => {
          const inside = rows.slice(bucket * per, (bucket + 1) * per);
          const column = (index: number) => inside.map((row) => row[index]);
          return [
            inside[0][0],
            Math.max(...column(1)),
            Math.min(...column(2)),
            inside[inside.length - 1][3],
            column(4).reduce((all, each) => all + each, 0),
          ];
        });
        expect(Array.from(out)).toEqual(wanted.flat());
      },
    ),
  );
});

test("reducing some buckets leaves the others alone", () => {
  const out = new Float32Array(3 * RECORD_FLOATS).fill(7);
  reduceBuckets(new Float32Array(6 * RECORD_FLOATS), 6, 2, 1, 2, out);
  expect(Array.from(out)).toEqual([...Array(5).fill(7), ...Array(5).fill(0), ...Array(5).fill(7)]);
});

test("a rate is that of the last two seconds", () => {
  const rate = new RateCounter();
  for (let ms = 0; ms < 2000; ms += 10) rate.add(ms);
  expect(rate.perSecond(1999)).toBe(100);
  expect(rate.perSecond(2999)).toBe(50);
  expect(rate.perSecond(60_000)).toBe(0);
  expect(rate.total).toBe(200);
});

test("a ring keeps the newest items only", () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { maxLength: 30 }), (items) => {
      const ring = new Ring<number>(7);
      for (const item of items) ring.push(item);
      const kept = Array.from({ length: ring.size }, (_, age) => ring.newest(age));
      expect(kept).toEqual(items.slice(-7).reverse());
      expect(ring.newest(ring.size)).toBeUndefined();
    }),
  );
});
