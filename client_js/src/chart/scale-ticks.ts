/** Choice of the round prices to label on each scale. */
import type { Geometry } from "./scene";
import { unitsAt } from "./scene";
import { niceStep, priceStep, priceTicks } from "./ticks";

/** Marks within a decade: between two of them, steps are even. */
const MARKS = [1, 2, 5, 10] as const;
const STEPS = [1, 2, 2.5, 5] as const;
/** Up to this ratio of the highest to the lowest price, a log scale has even steps. */
const EVEN_UP_TO = 2;

/**
 * Prices in units to label, at least `least` device pixels apart; `tick` is the least price step. A
 * percent scale has round shares instead of round prices.
 */
export function scaleTicks(geometry: Geometry, least: number, tick: number): number[] {
  const { pxPerUnit, mapping, reference } = geometry;
  const top = unitsAt(geometry, 0);
  const bottom = unitsAt(geometry, geometry.height);
  const gap = least / pxPerUnit;
  if (reference !== null) return percentTicks(bottom, top, gap, reference);
  if (mapping.kind === "log") return logTicks(bottom, top, gap, tick);
  return priceTicks(bottom, top, priceStep(gap, tick));
}

/** Round percentages of `reference`, as prices at least `gap` units apart. */
export function percentTicks(
  bottom: number,
  top: number,
  gap: number,
  reference: number,
): number[] {
  const one = Math.abs(reference) / 100;
  const step = niceStep(gap / one);
  const ticks: number[] = [];
  const last = Math.floor((top - reference) / one / step);
  for (let i = Math.ceil((bottom - reference) / one / step); i <= last; i++) {
    ticks.push(reference + i * step * one);
  }
  return ticks;
}

/**
 * Round prices above 0 whose logarithms are at least `gap` apart, which depend on the zoom alone:
 * even steps, steps within the segments of a decade, or powers of ten.
 */
export function logTicks(bottom: number, top: number, gap: number, tick: number): number[] {
  if (top / bottom <= EVEN_UP_TO) {
    return priceTicks(bottom, top, priceStep(-top * Math.expm1(-gap), tick));
  }
  const ticks: number[] = [];
  const decades = Math.max(Math.ceil(gap / Math.LN10), 1);
  const start = Math.max(Math.floor(Math.log10(bottom) / decades) * decades, 0);
  for (let power = start; 10 ** power <= top; power += decades) {
    const found = gap > Math.LN2 ? [10 ** power] : decadeTicks(10 ** power, gap, tick);
    ticks.push(...found.filter((price) => price >= bottom && price <= top));
  }
  return ticks;
}

/** The prices from `decade` on, up to ten times of it, that are whole price steps. */
function decadeTicks(decade: number, gap: number, tick: number): number[] {
  const ticks: number[] = [];
  for (let k = 0; k + 1 < MARKS.length; k++) {
    const from = MARKS[k] * decade;
    const to = MARKS[k + 1] * decade;
    const step = evenStep(from, to, gap, tick);
    for (let price = from; price < to; price += step) if (price % tick === 0) ticks.push(price);
  }
  return ticks;
}

/** The least round step that divides a segment and leaves a gap at its upper end. */
function evenStep(from: number, to: number, gap: number, tick: number): number {
  const least = -to * Math.expm1(-gap);
  const power = 10 ** Math.floor(Math.log10(least));
  for (const size of [power, 10 * power]) {
    for (const mantissa of STEPS) {
      const step = mantissa * size;
      const isWhole = Number.isInteger(step) && step % tick === 0;
      if (step >= least && isWhole && from % step === 0 && to % step === 0) return step;
    }
  }
  return to - from;
}
