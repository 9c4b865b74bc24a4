/**
 * The natural logarithm by plain arithmetic, so that a chart has the same pixels in every browser
 * and on the server: `Math.log` differs in the last bit from engine to engine. Step by step as
 * `log` of tickfire.kernels.maths.
 */

/** ln 2 in two parts; the product of the first with an exponent is exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const SMALLEST_NORMAL = 2 ** -1022;
/** Power of two by which smaller numbers are multiplied. */
const RAISE = 54;
const EXPONENT_BIAS = 1023;
/** Terms 2/23, 2/21 ... 2/3 of the series of log((1 + s) / (1 - s)). */
const TERMS = [21, 19, 17, 15, 13, 11, 9, 7, 5, 3].map((k) => 2 / k);

const bits = new DataView(new ArrayBuffer(8));

/** The logarithm of a number above 0. */
export function log(x: number): number {
  if (x === Number.POSITIVE_INFINITY) return x;
  const [m, e] = split(x);
  const f = m - 1;
  const s = f / (2 + f);
  const z = s * s;
  let tail = 2 / 23;
  for (const term of TERMS) tail = term + z * tail;
  const half = 0.5 * f * f;
  return e * LN2_HIGH - (half - (s * (half + z * tail) + e * LN2_LOW) - f);
}

/** m and e of x = m * 2^e, with m from sqrt(1/2) to sqrt(2). */
function split(x: number): [number, number] {
  const isNormal = x >= SMALLEST_NORMAL;
  bits.setFloat64(0, isNormal ? x : x * 2 ** RAISE);
  const high = bits.getUint32(0);
  const e = (high >>> 20) - EXPONENT_BIAS - (isNormal ? 0 : RAISE);
  bits.setUint32(0, (high & 0xfffff) | (EXPONENT_BIAS << 20));
  const m = bits.getFloat64(0);
  return m < Math.SQRT2 ? [m, e] : [m / 2, e + 1];
}
