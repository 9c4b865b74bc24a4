import fc from "fast-check";
import { expect, test } from "vitest";
import { matching } from "../src/app/offer-list";
import { timeTicks } from "../src/chart/ticks";
import { clock, full, minute } from "../src/format/time";
import { checkedZone, isRepeated, offsetText, zoneOffset } from "../src/format/zone";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NEW_YORK = "America/New_York";

test("a zone's clock is that of Intl, at any time in any zone", () => {
  const zones = [NEW_YORK, "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "Asia/Tokyo"];
  const times = fc.integer({ min: Date.UTC(1975, 0), max: Date.UTC(2035, 0) });
  fc.assert(
    fc.property(fc.constantFrom(...zones), times, (timeZone, time) => {
      const format = new Intl.DateTimeFormat("en-GB", { timeZone, timeStyle: "medium" });
      expect(clock(time, timeZone)).toBe(format.format(time));
    }),
  );
});

test("clocks go forward in New York: two o'clock is skipped", () => {
  const before = Date.UTC(2024, 2, 10, 6, 59);
  expect(minute(before, NEW_YORK)).toBe("01:59");
  expect(minute(before + MINUTE, NEW_YORK)).toBe("03:00");
  expect(isRepeated(before, NEW_YORK) || isRepeated(before + MINUTE, NEW_YORK)).toBe(false);
});

test("clocks go back in New York: one o'clock comes twice, and says which", () => {
  const first = Date.UTC(2024, 10, 3, 5, 30);
  expect(full(first - HOUR, NEW_YORK, MINUTE)).toBe("Sun 3 Nov 2024  00:30");
  expect(full(first, NEW_YORK, MINUTE)).toBe("Sun 3 Nov 2024  01:30 UTC−4");
  expect(full(first + HOUR, NEW_YORK, MINUTE)).toBe("Sun 3 Nov 2024  01:30 UTC−5");
  expect(full(first + 2 * HOUR, NEW_YORK, MINUTE)).toBe("Sun 3 Nov 2024  02:30");
});

test("the labels of both nights are hours, in order, and the day begins at midnight", () => {
  const labels = (start: number) => {
    const times = Float64Array.from({ length: 360 }, (_, i) => start + i * MINUTE);
    const options = { intervalMs: MINUTE, spacing: 2, leastPx: 90, zone: NEW_YORK };
    return timeTicks({ times, first: 0, last: 360, ...options }).map(({ label }) => label);
  };
  expect(labels(Date.UTC(2024, 10, 3, 3))).toEqual([
    "23:00",
    "3 Nov",
    "01:00",
    "01:00",
    "02:00",
    "03:00",
  ]);
  expect(labels(Date.UTC(2024, 2, 10, 4))).toEqual([
    "23:00",
    "10 Mar",
    "01:00",
    "03:00",
    "04:00",
    "05:00",
  ]);
});

test("days show their date in any zone", () => {
  expect(full(Date.UTC(2024, 6, 1), "utc", 24 * HOUR)).toBe("Mon 1 Jul 2024");
});

test("offsets are told in hours, and minutes if there are some", () => {
  const summer = Date.UTC(2024, 6, 1);
  expect(["utc", NEW_YORK, "Asia/Kolkata"].map((zone) => offsetText(summer, zone))).toEqual([
    "UTC",
    "UTC−4",
    "UTC+5:30",
  ]);
  expect(zoneOffset(Number.NaN, NEW_YORK)).toBe(0);
});

test("an unknown zone is refused", () => {
  for (const zone of ["Mars/Olympus", "+02:00", "", 5]) {
    expect(() => checkedZone(zone)).toThrow(
      /timeZone must be "utc", "local", "exchange" or an IANA name/,
    );
  }
  expect(checkedZone("Europe/Paris")).toBe("Europe/Paris");
});

test("zones are found by parts of their names and by their offsets", () => {
  const offers = [
    { name: "America/New York", about: "UTC−4" },
    { name: "Europe/Paris", about: "UTC+2" },
  ];
  expect(matching(offers, "new_york")).toEqual([offers[0]]);
  expect(matching(offers, "paris +2")).toEqual([offers[1]]);
  expect(matching(offers, "")).toEqual(offers);
  expect(matching(offers, "mars")).toEqual([]);
});
