/**
 * Prices are exact decimal strings on the wire. Here they become integers that count units of
 * 10^-decimals, held in doubles: exact up to 2^53, so no price is ever rounded on its way.
 */

const ZERO = 48;
const POINT = 46;
const MINUS = 45;

/** Digits after the decimal point of `text` ("0.25" has 2, "5524" has 0). */
export function decimalsOf(text: string): number {
  const point = text.indexOf(".");
  return point < 0 ? 0 : text.length - point - 1;
}

/** True if `text` has more than `decimals` digits after its decimal point. */
export function isFiner(text: string, decimals: number): boolean {
  // Mostly the point is where all decimals are given; looking there is cheaper than searching.
  return text.charCodeAt(text.length - decimals - 1) !== POINT && decimalsOf(text) > decimals;
}

/**
 * The integer that `text` is in units of 10^-decimals.
 *
 * Throws RangeError when `text` is no decimal number, or has more digits than `decimals` holds.
 */
export function toUnits(text: string, decimals: number): number {
  const { length } = text;
  const start = text.charCodeAt(0) === MINUS ? 1 : 0;
  let point = length - decimals - 1;
  if (text.charCodeAt(point) !== POINT) point = text.indexOf(".");
  const whole = point < 0 ? length : point;
  const missing = decimals - Math.max(length - whole - 1, 0);
  if (length - start < (point < 0 ? 1 : 2) || missing < 0) {
    throw new RangeError(`not a number of ${decimals} decimals: ${text}`);
  }
  let units = 0;
  for (let i = start; i < length; i++) {
    if (i === point) continue;
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) throw new RangeError(`not a decimal number: ${text}`);
    units = units * 10 + digit;
  }
  if (missing > 0) units *= 10 ** missing;
  return start === 1 ? -units || 0 : units;
}

/**
 * The decimal string of `units` of 10^-decimals, with all its decimals: 552450 at 2 is "5524.50".
 */
export function fromUnits(units: number, decimals: number): string {
  const digits = Math.abs(units)
    .toFixed(0)
    .padStart(decimals + 1, "0");
  const sign = units < 0 ? "-" : "";
  if (decimals === 0) return sign + digits;
  return `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/**
 * `text` padded with zeros to `decimals` digits, so that columns line up: "5524.5" is "5524.50".
 */
export function padDecimals(text: string, decimals: number): string {
  const have = decimalsOf(text);
  if (have >= decimals) return text;
  return `${have === 0 ? `${text}.` : text}${"0".repeat(decimals - have)}`;
}

const SUFFIXES: readonly (readonly [number, string])[] = [
  [1e12, "T"],
  [1e9, "B"],
  [1e6, "M"],
  [1e4, "K"],
];

/** A count as short text: 950 is "950", 12345 is "12.3K". */
export function compact(count: number): string {
  for (const [size, suffix] of SUFFIXES) {
    // 999,950 rounds to 1000.0K, which reads as 1.00M.
    if (count < size * 0.99995) continue;
    const scaled = count / (suffix === "K" ? 1e3 : size);
    return `${scaled.toFixed(scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2)}${suffix}`;
  }
  return count.toFixed(0);
}

/** A change against a reference, with its sign: "+1.25%". */
export function percent(change: number): string {
  return percentTo(change, 2);
}

/** A change against a reference, with its sign and as many decimals. */
export function percentTo(change: number, decimals: number): string {
  const text = Math.abs(change * 100).toFixed(decimals);
  if (Number(text) === 0) return `${text}%`;
  return `${change < 0 ? "−" : "+"}${text}%`;
}
