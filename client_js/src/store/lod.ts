import { RECORD_FLOATS } from "./column";

/**
 * Level of detail on the CPU: `per` consecutive records become one (first open, highest high,
 * lowest low, last close, summed volume). It rounds to 32 bits at each step as the compute pass of
 * candles.wgsl does, so both give the same bits.
 *
 * Reduces buckets `from` to `to` (exclusive) of `records` (`count` of them) into `out`.
 */
export function reduceBuckets(
  records: Float32Array,
  count: number,
  per: number,
  from: number,
  to: number,
  out: Float32Array,
): void {
  for (let bucket = from; bucket < to; bucket++) {
    const start = bucket * per;
    reduceOne(records, start, Math.min(start + per, count), out, bucket * RECORD_FLOATS);
  }
}

function reduceOne(
  records: Float32Array,
  start: number,
  end: number,
  out: Float32Array,
  at: number,
): void {
  let offset = start * RECORD_FLOATS;
  const open = records[offset];
  let high = records[offset + 1];
  let low = records[offset + 2];
  let close = records[offset + 3];
  let volume = records[offset + 4];
  for (let i = start + 1; i < end; i++) {
    offset += RECORD_FLOATS;
    if (records[offset + 1] > high) high = records[offset + 1];
    if (records[offset + 2] < low) low = records[offset + 2];
    close = records[offset + 3];
    volume = Math.fround(volume + records[offset + 4]);
  }
  out[at] = open;
  out[at + 1] = high;
  out[at + 2] = low;
  out[at + 3] = close;
  out[at + 4] = volume;
}
