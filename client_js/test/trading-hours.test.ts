import fc from "fast-check";
import { expect, test } from "vitest";
import { INTERVALS } from "../src/schema";
import { ALWAYS, boundsOf, type TradingHours } from "../src/store/trading-hours";

const WEEKDAYS = [0, 1, 2, 3, 4];
const CME = hours("America/Chicago", 17 * 60, 16 * 60);
const HOURS = [
  CME,
  hours("America/New_York", 9 * 60 + 30, 16 * 60),
  hours("America/New_York", 4 * 60, 20 * 60),
  hours("Pacific/Auckland", 10 * 60, 17 * 60),
  hours("Australia/Lord_Howe", 120, 90, [6, 0, 1, 2, 3]),
  ALWAYS,
];
const HOUR = 3_600_000;

function hours(zone: string, opens: number, closes: number, days = WEEKDAYS): TradingHours {
  return { time_zone: zone, opens, closes, days, holidays: [] };
}

/** Times around the days of 2024 on which clocks change, and any others. */
const times = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 32 * 500 }),
  fc
    .tuple(
      fc.constantFrom("2024-03-10", "2024-11-03", "2024-04-07", "2024-09-29"),
      fc.integer({ min: -72 * HOUR, max: 72 * HOUR }),
    )
    .map(([day, away]) => Date.parse(day) + away),
);

/** The wall clock of a zone as ISO text, by the browser's own calendar. */
function wall(time: number, zone: string): string {
  return new Date(time).toLocaleString("sv", { timeZone: zone });
}

test("a time belongs to the first trade date that closes after it", () => {
  fc.assert(
    fc.property(fc.constantFrom(...HOURS), times, (market, given) => {
      const time = Math.floor(given / 1000) * 1000;
      const days = boundsOf("1d", market);
      const start = days.startOf(time);
      const date = new Date(start).toISOString().slice(0, 10);
      const zone = market.time_zone;
      const close =
        market.closes < 1440
          ? `${date} ${String(Math.floor(market.closes / 60)).padStart(2, "0")}:${String(market.closes % 60).padStart(2, "0")}:00`
          : wall(start + INTERVALS["1d"], zone);
      expect(wall(days.end(start), zone)).toBe(close);
      expect(market.days).toContain((new Date(start).getUTCDay() + 6) % 7);
      expect(days.begin(start)).toBeLessThanOrEqual(time);
      expect(days.end(start)).toBeGreaterThan(time);
      expect(days.startOf(days.begin(start) - 1)).toBeLessThan(start);
      expect(days.startOf(days.end(start))).toBeGreaterThan(start);
    }),
  );
});

test("a week is its trade dates from Monday on", () => {
  fc.assert(
    fc.property(fc.constantFrom(...HOURS), times, (market, time) => {
      const [days, weeks] = [boundsOf("1d", market), boundsOf("1w", market)];
      const start = weeks.startOf(time);
      expect(new Date(start).getUTCDay()).toBe(1);
      expect(days.startOf(time) - start).toBeGreaterThanOrEqual(0);
      expect(days.startOf(time) - start).toBeLessThan(INTERVALS["1w"]);
      expect(weeks.begin(start)).toBeLessThanOrEqual(time);
      expect(weeks.end(start)).toBeGreaterThan(time);
      expect(weeks.startOf(weeks.end(start))).toBeGreaterThan(start);
    }),
  );
});

test("a session of CME over the clock's change has an hour less or more", () => {
  const days = boundsOf("1d", CME);
  const length = (date: string) => days.end(Date.parse(date)) - days.begin(Date.parse(date));
  expect(length("2024-03-11")).toBe(71 * HOUR);
  expect(length("2024-11-04")).toBe(73 * HOUR);
  expect(length("2024-07-02")).toBe(24 * HOUR);
});

test("what is traded on a holiday belongs to the next trade date", () => {
  const market = { ...CME, holidays: ["2024-07-04"] };
  const start = boundsOf("1d", market).startOf(Date.parse("2024-07-04T15:00Z"));
  expect(new Date(start).toISOString()).toBe("2024-07-05T00:00:00.000Z");
});

test("shorter candles begin at multiples of their length", () => {
  expect(boundsOf("5m", CME).startOf(1_719_840_999_000)).toBe(1_719_840_900_000);
  expect(boundsOf("1h", CME).end(0)).toBe(HOUR);
});
