const MANTISSAS = [1, 2, 2.5, 5];

/**
 * The step between price labels: 1, 2, 2.5 or 5 times a power of ten, a whole number of price steps
 * (`tick`, in units), and at least `least` units so that labels do not touch.
 */
export function priceStep(least: number, tick: number): number {
  const start = Math.max(Math.floor(Math.log10(Math.max(least, 1))), 0);
  for (let power = 10 ** start; power < Number.MAX_SAFE_INTEGER; power *= 10) {
    for (const mantissa of MANTISSAS) {
      const step = mantissa * power;
      if (step >= least && Number.isInteger(step) && step % tick === 0) return step;
    }
  }
  // A step such as 0.125 of 1/32nds that divides no round number: multiples of itself.
  return Math.ceil(least / tick) * tick;
}

/** Prices in units to label between `bottom` and `top`. */
export function priceTicks(bottom: number, top: number, step: number): number[] {
  const ticks: number[] = [];
  for (let price = Math.ceil(bottom / step) * step; price <= top; price += step) ticks.push(price);
  return ticks;
}
