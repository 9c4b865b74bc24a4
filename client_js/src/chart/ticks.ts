/** Choice of axis labels: round prices, and candles at which a period begins. */
import { clock, day, minute, month, year } from "../format/time";
import { type Zone, zoneOffset } from "../format/zone";

const MANTISSAS = [1, 2, 2.5, 5];
const MAX_DECIMALS = 12;

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
  // No round number is a multiple of the price step (such as 1/32): use multiples of the step.
  return Math.ceil(least / tick) * tick;
}

/** Prices in units to label between `bottom` and `top`. */
export function priceTicks(bottom: number, top: number, step: number): number[] {
  const ticks: number[] = [];
  for (let price = Math.ceil(bottom / step) * step; price <= top; price += step) ticks.push(price);
  return ticks;
}

/** A step of 1, 2, 2.5 or 5 times a power of ten, at least `least`. */
export function niceStep(least: number): number {
  // 10 ** -4 is not the number 0.0001 in every browser.
  const power = Number(`1e${Math.floor(Math.log10(least))}`);
  return power * (MANTISSAS.find((each) => each * power >= least) ?? 10);
}

/** Digits after the point that tell values of this step, or of this span, apart. */
export function decimalsFor(step: number): number {
  const digits = Math.min(Math.max(-Math.floor(Math.log10(step)), 0), MAX_DECIMALS);
  const rounded = Number(step.toFixed(digits));
  return Math.min(Math.abs(rounded - step) > step / 100 ? digits + 1 : digits, MAX_DECIMALS);
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Spans between time labels. */
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14].map((n) => n * DAY),
  ...[30, 91, 182, 365, 730, 1826].map((n) => n * DAY),
];

/** From this step on, labels mark the first candle of a calendar month. */
const MONTHLY = 30 * DAY;
const DAYS_OF_MONTH = 32;

export interface TimeTick {
  /** Index of the candle it marks. */
  index: number;
  label: string;
  /** True where a larger unit begins: a day among hours, a year among months. */
  strong: boolean;
}

export interface TimeTickOptions {
  /** Candle times in ms, ascending, and which of them are in sight: [first, last). */
  times: Float64Array;
  first: number;
  last: number;
  /** The candles' interval in ms, pixels from candle to candle, and least pixels between labels. */
  intervalMs: number;
  spacing: number;
  leastPx: number;
  zone: Zone;
}

/**
 * Choose the candles to label: the first of each period, for the shortest period whose labels fit.
 * Times without trades have no candles, so two periods may begin close together; then the label of
 * the larger unit is kept.
 */
export function timeTicks(options: TimeTickOptions): TimeTick[] {
  const { first, last, spacing, leastPx } = options;
  const wanted = (leastPx / spacing) * options.intervalMs;
  const step = STEPS.find((each) => each >= wanted) ?? STEPS[STEPS.length - 1];
  const marks = boundaries(options, step);
  const leastGap = leastPx / spacing;
  const kept: TimeTick[] = [];
  for (const strong of [true, false]) {
    for (const mark of marks) {
      if (mark.strong !== strong || mark.index < first || mark.index >= last) continue;
      if (kept.every(({ index }) => Math.abs(index - mark.index) >= leastGap)) kept.push(mark);
    }
  }
  if (kept.length === 0 && last > first) kept.push(latest(options));
  return kept.sort((a, b) => a.index - b.index);
}

/**
 * A label for the latest candle, used when no period begins in sight, so that the axis is never
 * bare.
 */
function latest({ times, last, intervalMs, zone }: TimeTickOptions): TimeTick {
  return { index: last - 1, label: label(times[last - 1], intervalMs, false, zone), strong: false };
}

function boundaries(options: TimeTickOptions, step: number): TimeTick[] {
  const { times, first, last, zone } = options;
  const marks: TimeTick[] = [];
  let index = first;
  while (index < last) {
    const time = times[index];
    // The first candle begins a period only if its own time does.
    const before = index > 0 ? times[index - 1] : time - options.intervalMs;
    if (period(time, step, zone) !== period(before, step, zone)) {
      const strong = isStrong(before, time, step, zone);
      marks.push({ index, label: label(time, step, strong, zone), strong });
    }
    index = nextPeriod(times, index, last, step, zone);
  }
  return marks;
}

/** Index of the first candle after `index` in another period, by galloping and bisection. */
function nextPeriod(
  times: Float64Array,
  index: number,
  last: number,
  step: number,
  zone: Zone,
): number {
  const present = period(times[index], step, zone);
  let low = index;
  let stride = 1;
  while (low + stride < last && period(times[low + stride], step, zone) === present) {
    low += stride;
    stride *= 2;
  }
  let high = Math.min(low + stride, last);
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (period(times[middle], step, zone) === present) low = middle;
    else high = middle;
  }
  return high;
}

/** A number that is the same for all times within one period. */
function period(time: number, step: number, zone: Zone): number {
  const offset = zoneOffset(time, zone);
  const local = time + offset;
  // Hours by their beginning in UTC: at the end of summer time the clock shows one twice.
  if (step <= HOUR) return Math.floor(local / step) * step - offset;
  if (step < DAY) return Math.floor(local / step);
  const at = new Date(local);
  const months = at.getUTCFullYear() * 12 + at.getUTCMonth();
  if (step >= MONTHLY) return Math.floor(months / Math.round(step / MONTHLY));
  // Weeks count from the first of each month, and the days after the fourth belong to it.
  const days = step / DAY;
  const most = days >= 7 ? 28 / days - 1 : DAYS_OF_MONTH;
  return months * DAYS_OF_MONTH + Math.min(Math.floor((at.getUTCDate() - 1) / days), most);
}

function isStrong(before: number, time: number, step: number, zone: Zone): boolean {
  if (step >= MONTHLY) return year(before, zone) !== year(time, zone);
  const unit = step >= DAY ? MONTHLY : DAY;
  return period(before, unit, zone) !== period(time, unit, zone);
}

function label(time: number, step: number, strong: boolean, zone: Zone): string {
  if (step >= MONTHLY) return month(time, zone);
  if (step >= DAY) return strong ? month(time, zone) : day(time, zone);
  if (strong) return day(time, zone);
  return step < MINUTE ? clock(time, zone) : minute(time, zone);
}
