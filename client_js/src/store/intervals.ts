import { INTERVALS } from "../schema";

export type Interval = keyof typeof INTERVALS;

/** Return true if `text` names an interval of the server. */
export function isInterval(text: string | null): text is Interval {
  return text !== null && Object.hasOwn(INTERVALS, text);
}

/** Units of intervals, shortest first. */
export const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** The first Monday since the Unix epoch, ms. */
export const FIRST_MONDAY_MS = 4 * UNITS_MS.d;

/** The length in milliseconds of an interval such as "30s", "5m", "4h", "1d" or "1w". */
export function intervalLength(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,5})([smhdw])$/.exec(text) ?? [];
  if (unit === undefined) {
    throw new RangeError(
      `interval must be a count and a unit, such as "30s", "5m", "4h", "1d" or "1w", not "${text}"`,
    );
  }
  return Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS];
}
