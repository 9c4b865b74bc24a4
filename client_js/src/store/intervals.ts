/** The intervals that the server serves, shortest first, and their lengths in milliseconds. */
export const INTERVALS = {
  "1s": 1_000,
  "1m": 60_000,
  "5m": 300_000,
  "15m": 900_000,
  "1h": 3_600_000,
  "1d": 86_400_000,
} as const;

export type Interval = keyof typeof INTERVALS;

/** Return true if `text` names an interval. */
export function isInterval(text: string | null): text is Interval {
  return text !== null && Object.hasOwn(INTERVALS, text);
}
