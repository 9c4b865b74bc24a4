/**
 * e**x by the same operations as `tickfire.kernels.maths.exp`, in the same order, so that browser
 * and server compute the same bits; the engine's own `Math.exp` may differ.
 */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
// biome-ignore lint/suspicious/noApproximativeNumericConstant: the same literal as in tickfire.kernels.maths.
const PER_LN2 = 1.4426950408889634;
const OVERFLOW = 709.782712893384;
const UNDERFLOW = -745.1332191019412;
const FACTORIALS = [479001600, 39916800, 3628800, 362880, 40320, 5040, 720, 120, 24, 6] as const;

export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > OVERFLOW + 1) return Infinity;
  if (x < UNDERFLOW - 1) return 0;
  const k = Math.trunc(x * PER_LN2 + (x >= 0 ? 0.5 : -0.5));
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW - 0;
  const r = high - low;
  const rest = high - r - low;
  let y = 1 + (r + (rest + (r * rest + r * r * series(r))));
  const f = twoTo(k >> 1);
  if (k & 1) y *= 2;
  return y * f * f;
}

function series(r: number): number {
  let q = 1 / 6227020800;
  for (const factorial of FACTORIALS) q = 1 / factorial + r * q;
  return 0.5 + r * q;
}

function twoTo(k: number): number {
  let b = k >= 0 ? 2 : 0.5;
  let left = Math.abs(k);
  let f = 1;
  while (left > 0) {
    if (left & 1) f *= b;
    b *= b;
    left >>= 1;
  }
  return f;
}
