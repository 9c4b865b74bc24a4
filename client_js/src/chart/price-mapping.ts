import { priceStep, priceTicks } from "./ticks";

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
  /**
   * Round prices in units to label, whose positions are at least `gap` apart; `tick` is the least
   * price step.
   */
  ticks(bottom: number, top: number, gap: number, tick: number): number[];
}

/** Prices at even distances; `base` in units. */
export function linearMapping(base: number): PriceMapping {
  return { kind: "linear", base, toPosition: identity, toUnits: identity, ticks: evenTicks };
}

/** A price in units as the records hold it. */
export function toRecord({ base, toPosition }: PriceMapping, units: number): number {
  return Math.fround(toPosition(units) - base);
}

function identity(value: number): number {
  return value;
}

function evenTicks(bottom: number, top: number, gap: number, tick: number): number[] {
  return priceTicks(bottom, top, priceStep(gap, tick));
}
