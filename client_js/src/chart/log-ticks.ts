import { priceStep, priceTicks } from "./ticks";

/** Marks within a decade: between two of them, steps are even. */
const MARKS = [1, 2, 5, 10] as const;
const STEPS = [1, 2, 2.5, 5] as const;
/** Up to this ratio of the highest to the lowest price, a log scale has even steps. */
const EVEN_UP_TO = 2;

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
