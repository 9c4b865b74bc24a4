/**
 * Places prices on a scale. Candles are drawn at even distances of positions; the records of the
 * renderers and the rows of the pane hold them relative to `base`, as 32-bit floats.
 */
export interface PriceMapping {
  readonly kind: "linear" | "log";
  /** Position of the price that is 0 in the records. */
  readonly base: number;
  /** Position of a price in units; -Infinity for one that the scale does not have. */
  toPosition(units: number): number;
  /** The price, in units, at a position. */
  toUnits(position: number): number;
}

/** Prices at even distances; `base` in units. */
export function linearMapping(base: number): PriceMapping {
  return { kind: "linear", base, toPosition: identity, toUnits: identity };
}

/** Equal ratios of prices at even distances, for prices above 0; `base` in units. */
export function logMapping(base: number): PriceMapping {
  return { kind: "log", base: Math.log(base), toPosition: log, toUnits: Math.exp };
}

/** A price in units as the records hold it. */
export function toRecord({ base, toPosition }: PriceMapping, units: number): number {
  return Math.fround(toPosition(units) - base);
}

function identity(value: number): number {
  return value;
}

function log(units: number): number {
  return units > 0 ? Math.log(units) : Number.NEGATIVE_INFINITY;
}
