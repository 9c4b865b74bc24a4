import { isZoneName, zoneOffset } from "../format/zone";
import { INTERVALS } from "../schema";
import { FIRST_MONDAY_MS } from "./intervals";
import { show } from "./values";

/**
 * The sessions of a market, by the clock of its time zone. Each belongs to a trade date, the day on
 * which it closes; one that does not open before it closes opens on the day before.
 */
export interface TradingHours {
  /** A name of the IANA database. */
  time_zone: string;
  /** Minutes after midnight. */
  opens: number;
  closes: number;
  /** The days of the week that are trade dates; 0 is Monday. */
  days: readonly number[];
  /** Dates without a session, such as "2024-12-25". */
  holidays: readonly string[];
}

/** Where the candles of an interval begin and end, in ms since the Unix epoch. */
export interface Bounds {
  /** The time of the candle that holds a time. */
  startOf(time: number): number;
  /** The first instant of the candle of this time, and the one after its last. */
  begin(start: number): number;
  end(start: number): number;
}

const MINUTE_MS = 60_000;
const DAY_MS = INTERVALS["1d"];
const WEEK_MS = INTERVALS["1w"];
/** A market without a trade date for this long has none. */
const MOST_DAYS = 366;

/** Candles of one length, counted from the Unix epoch. */
function evenBounds(lengthMs: number): Bounds {
  return {
    startOf: (time) => Math.floor(time / lengthMs) * lengthMs,
    begin: (start) => start,
    end: (start) => start + lengthMs,
  };
}

/**
 * Candles of a trade date each, from the close of one session to the close of the next. The time of
 * such a candle is midnight UTC of its trade date.
 */
class TradingDays implements Bounds {
  private known = { from: 0, to: 0, start: 0 };
  /** The ends by start: trades and frames ask for them again and again, and zones are slow. */
  private readonly ends = new Map<number, number>();
  private readonly holidays: ReadonlySet<number>;

  constructor(private readonly hours: TradingHours) {
    this.holidays = new Set(hours.holidays.map((date) => Date.parse(date)));
  }

  startOf(time: number): number {
    const { from, to } = this.known;
    if (time < from || time >= to) this.known = this.around(time);
    return this.known.start;
  }

  begin(start: number): number {
    return this.end(this.dateFrom(start - DAY_MS, -DAY_MS));
  }

  end(start: number): number {
    const { closes, time_zone } = this.hours;
    const end = this.ends.get(start) ?? instant(start + closes * MINUTE_MS, time_zone);
    this.ends.set(start, end);
    return end;
  }

  private around(time: number): { from: number; to: number; start: number } {
    let start = this.dateFrom(Math.floor(time / DAY_MS) * DAY_MS - 2 * DAY_MS, DAY_MS);
    while (this.end(start) <= time) start = this.dateFrom(start + DAY_MS, DAY_MS);
    return { from: this.begin(start), to: this.end(start), start };
  }

  /** The first trade date from a day on, in steps of a day. */
  private dateFrom(day: number, step: number): number {
    for (let k = 0; k < MOST_DAYS; k++) {
      const each = day + k * step;
      const weekday = (new Date(each).getUTCDay() + 6) % 7;
      if (this.hours.days.includes(weekday) && !this.holidays.has(each)) return each;
    }
    return day;
  }
}

/** Candles of the trade dates of a week each; their time is midnight UTC of the Monday. */
function tradingWeeks(hours: TradingHours): Bounds {
  const days = new TradingDays(hours);
  const mondayOf = (day: number) =>
    FIRST_MONDAY_MS + Math.floor((day - FIRST_MONDAY_MS) / WEEK_MS) * WEEK_MS;
  return {
    startOf: (time) => mondayOf(days.startOf(time)),
    begin: (start) => days.begin(start),
    end: (start) => days.begin(start + WEEK_MS),
  };
}

/**
 * The bounds of the candles of an interval of the server. Throws TypeError or RangeError if the hours
 * are not such as topics tell them.
 */
export function boundsOf(interval: keyof typeof INTERVALS, hours: TradingHours): Bounds {
  checkHours(hours);
  if (interval === "1d") return new TradingDays(hours);
  return interval === "1w" ? tradingWeeks(hours) : evenBounds(INTERVALS[interval]);
}

function checkHours(hours: unknown): void {
  const { time_zone, opens, closes, days, holidays } = (hours ?? {}) as Record<string, unknown>;
  const isMinute = (value: unknown) => Number.isInteger(value) && Number(value) >= 0;
  if (!isMinute(opens) || !isMinute(closes) || !Array.isArray(days) || !Array.isArray(holidays)) {
    throw new TypeError(`hours must be trading hours, as topics tell them, not ${show(hours)}`);
  }
  if (time_zone === "utc" || (typeof time_zone === "string" && isZoneName(time_zone))) return;
  throw new RangeError(`hours.time_zone must be a zone's name, not ${show(time_zone)}`);
}

/** A market that never closes; its days are those of UTC. */
export const ALWAYS: TradingHours = {
  time_zone: "utc",
  opens: 0,
  closes: DAY_MS / MINUTE_MS,
  days: [0, 1, 2, 3, 4, 5, 6],
  holidays: [],
};

/**
 * The instant at which a zone's clock shows a time, given as if it were UTC: the first of two, and
 * by the offset before where the clock skips it.
 */
function instant(local: number, zone: string): number {
  const before = zoneOffset(local - DAY_MS, zone);
  if (zoneOffset(local - before, zone) === before) return local - before;
  const after = zoneOffset(local + DAY_MS, zone);
  return zoneOffset(local - after, zone) === after ? local - after : local - before;
}
