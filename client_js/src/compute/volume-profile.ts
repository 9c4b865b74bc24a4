import type { Arena } from "./arena";
import type { BarColumns } from "./bar-columns";
import type { KernelExports } from "./generated/bindings";

/** Bins of equal height, and the bars whose volume they hold. */
export interface ProfileBins {
  /** Rows `from` to `to` (exclusive) of the history. */
  from: number;
  to: number;
  /** Lower edge of the first bin, and the height of each: prices. */
  lowest: number;
  step: number;
  bins: number;
  /** Share of all volume that the value area holds, above 0 and at most 1. */
  share: number;
}

/** Volume by price. */
export interface VolumeProfile {
  lowest: number;
  step: number;
  /** Volume in each bin, the lowest price first. */
  volumes: Float64Array;
  /** Bins: the fullest, and the value area's first and last; NaN if no bin holds volume. */
  peak: number;
  first: number;
  last: number;
}

/** Prices of a bar that take an equal share of its volume. */
const PRICES = ["open", "high", "low", "close"] as const;
const MAX_BINS = 10_000;
const WORD_BYTES = 8;
/** Words of the kernel's value area: its fullest, first and last bin. */
const AREA_WORDS = 3;

/** Check bins; throws RangeError that names what is wrong. */
export function checkBins({ from, to, lowest, step, bins, share }: ProfileBins): void {
  if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && to >= from)) {
    throw new RangeError(`a profile needs rows from 0 on, not ${from} to ${to}`);
  }
  if (!Number.isFinite(lowest)) throw new RangeError(`lowest must be finite, not ${lowest}`);
  if (!(step > 0 && Number.isFinite(step))) {
    throw new RangeError(`step must be above 0, not ${step}`);
  }
  if (!(Number.isInteger(bins) && bins >= 1 && bins <= MAX_BINS)) {
    throw new RangeError(`bins must be a whole number from 1 to ${MAX_BINS}, not ${bins}`);
  }
  if (!(share > 0 && share <= 1)) {
    throw new RangeError(`share must be above 0 and at most 1, not ${share}`);
  }
}

/**
 * Compute a profile: the volumes, then the words of the value area. A quarter of a bar's volume
 * counts at its open, its high, its low and its close. Throws `OutOfRoom`.
 */
export function computeProfile(
  arena: Arena,
  kernels: KernelExports,
  bars: BarColumns,
  { from, to, lowest, step, bins, share }: ProfileBins,
): Float64Array<ArrayBuffer> {
  const words = bins + AREA_WORDS;
  const profile = arena.allocate(words);
  arena.zero(profile, words);
  const rows = Math.max(Math.min(to, bars.count) - from, 0);
  for (const price of PRICES) {
    const columns = [bars.address(price, from), rows, bars.address("volume", from), rows] as const;
    kernels.volume_profile(...columns, lowest, step, profile, bins);
  }
  const volumes = arena.view(profile, bins);
  for (let i = 0; i < bins; i++) volumes[i] /= PRICES.length;
  kernels.value_area(profile, bins, share, profile + bins * WORD_BYTES, AREA_WORDS);
  const computed = new Float64Array(arena.view(profile, words));
  arena.release(profile, words);
  return computed;
}

/** Read what `computeProfile` returned. */
export function readProfile(
  { lowest, step, bins }: ProfileBins,
  computed: Float64Array,
): VolumeProfile {
  const [peak, first, last] = computed.subarray(bins);
  return { lowest, step, volumes: computed.subarray(0, bins), peak, first, last };
}
