/**
 * Values of callers, checked. Each function takes the name of the field for its errors: TypeError
 * if a value is of the wrong kind, RangeError if it is of the right kind and cannot be used.
 */

import { decimalsOf, fromUnits, toUnits } from "../format/decimal";

/** A time: a Date, ms since the Unix epoch, ns as a bigint, or ISO 8601 text. */
export type TimeInput = Date | number | bigint | string;

/** A number, or its exact decimal text. */
export type DecimalInput = number | string;

/** The largest number of ms that a Date can hold. */
const MAX_TIME_MS = 8.64e15;
const NS_PER_MS = 1e6;
/** The beginning of ISO 8601 text, which `Date.parse` then reads; it would read much else besides. */
const ISO = /^\d{4}-\d\d/;
const DECIMAL = /^-?\d+(\.\d+)?$/;
/** Decimal digits that every double holds. */
const DOUBLE_DIGITS = 15;
/** Digits kept of a number after its point, unless the whole number is smaller than `SMALL`. */
const MAX_DECIMALS = 8;
const SMALL = 1e-3;

/** Return a time in ms since the Unix epoch. */
export function timeOf(value: unknown, field = "time"): number {
  const ms = millisecondsOf(value, field);
  if (Number.isNaN(ms)) throw new RangeError(`${field} is not a valid time: ${show(value)}`);
  if (Math.abs(ms) > MAX_TIME_MS) {
    throw new RangeError(`${field} must be in milliseconds since 1970, and ${show(value)} is not`);
  }
  return ms;
}

function millisecondsOf(value: unknown, field: string): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value) / NS_PER_MS;
  if (typeof value === "string") return ISO.test(value) ? Date.parse(value) : Number.NaN;
  if (Object.prototype.toString.call(value) === "[object Date]") return Number(value);
  throw new TypeError(
    `${field} must be a Date, milliseconds, nanoseconds as a bigint or ISO 8601 text, not ${show(value)}`,
  );
}

/** Return a number, or a decimal text, as exact decimal text. */
export function decimalText(value: unknown, field: string): string {
  if (typeof value === "string") {
    if (DECIMAL.test(value)) return checkedDigits(value, field);
    throw new RangeError(`${field} must be a decimal number, not ${show(value)}`);
  }
  if (typeof value !== "number") {
    throw new TypeError(`${field} must be a number or a decimal string, not ${show(value)}`);
  }
  if (!Number.isFinite(value)) throw new RangeError(`${field} must be finite, not ${value}`);
  return checkedDigits(textOf(value), field);
}

/** A number's decimal text, without the noise of binary fractions: 0.1 + 0.2 is "0.3". */
function textOf(value: number): string {
  const size = Math.abs(value);
  const before = Math.max(Math.floor(Math.log10(size)) + 1, 0);
  const room = Math.max(DOUBLE_DIGITS - before, 0);
  const digits = size >= SMALL ? Math.min(room, MAX_DECIMALS) : room;
  if (size >= Number.MAX_SAFE_INTEGER) return BigInt(Math.round(value)).toString();
  const text = value.toFixed(size === 0 ? 0 : digits);
  const short = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  return short === "-0" ? "0" : short;
}

function checkedDigits(text: string, field: string): string {
  if (Number.isSafeInteger(toUnits(text, decimalsOf(text)))) return text;
  throw new RangeError(`${field} has more digits than can be held exactly: ${text}`);
}

/** Return a volume: finite and not negative. */
export function volumeOf(value: unknown, field = "volume"): number {
  const volume = typeof value === "string" && DECIMAL.test(value) ? Number(value) : value;
  if (typeof volume !== "number") {
    throw new TypeError(`${field} must be a number, not ${show(value)}`);
  }
  if (!(volume >= 0 && volume < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`${field} must be finite and not negative, not ${show(value)}`);
  }
  return volume;
}

/** Round a decimal text to the nearest multiple of `step`, halves upwards; a step of 0 is none. */
export function roundTo(text: string, step: string): string {
  const decimals = Math.max(decimalsOf(text), decimalsOf(step));
  const stepUnits = toUnits(step, decimals);
  const units = toUnits(text, decimals);
  if (stepUnits === 0 || units % stepUnits === 0) return text;
  const rounded = Math.round(units / stepUnits) * stepUnits;
  return fromUnits(rounded, decimals).slice(0, -(decimals - decimalsOf(step)) || undefined);
}

/** A value as it stands in an error. */
export function show(value: unknown): string {
  if (typeof value === "string") return `"${value}"`;
  if (typeof value === "bigint") return `${value}n`;
  if (value === null || typeof value !== "object") return String(value);
  const name = Object.prototype.toString.call(value).slice(8, -1);
  return name === "Date" ? "an invalid Date" : `${/^[AEIO]/.test(name) ? "an" : "a"} ${name}`;
}
