/** Time zones: "utc", "local" for the browser's, or a name of the IANA database. */
export type Zone = "utc" | "local" | (string & {});

const MS_PER_MINUTE = 60_000;
const MS_PER_HOUR = 3_600_000;
/** The clocks of all zones change at multiples of this, and within a few hours at most once. */
const STEP_MS = 15 * MS_PER_MINUTE;
const NEAR_MS = 3 * MS_PER_HOUR;
/** Offsets that are remembered for a zone. */
const MOST = 20_000;

/** Check a zone; throws RangeError for an unknown one. */
export function checkedZone(zone: unknown): Zone {
  if (zone === "utc" || zone === "local") return zone;
  if (typeof zone === "string" && isZoneName(zone)) return zone;
  const names = '"utc", "local", "exchange" or a name such as "America/New_York"';
  throw new RangeError(`timeZone must be ${names}, not ${JSON.stringify(zone)}`);
}

/** Return true for a name of the IANA database that the browser knows. */
export function isZoneName(name: string): boolean {
  // Offsets such as "+02:00" are no zones: they have no summer time.
  if (!/^[a-z]/i.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Milliseconds to add to a UTC time for the zone's wall clock. */
export function zoneOffset(time: number, zone: Zone): number {
  if (zone === "utc" || !Number.isFinite(time)) return 0;
  if (zone === "local") return -new Date(time).getTimezoneOffset() * MS_PER_MINUTE;
  const known = offsets.get(zone) ?? new ZoneOffsets(zone);
  offsets.set(zone, known);
  return known.at(time);
}

/** Return true if the zone's clock shows this time twice, as summer time ends near it. */
export function isRepeated(time: number, zone: Zone): boolean {
  const offset = zoneOffset(time, zone);
  const [before, after] = [-NEAR_MS, NEAR_MS].map((away) => zoneOffset(time + away, zone));
  if (before > offset) return zoneOffset(time + offset - before, zone) === before;
  return after < offset && zoneOffset(time + offset - after, zone) === after;
}

/** "UTC", "UTC−4", "UTC+5:30" */
export function offsetText(time: number, zone: Zone): string {
  const minutes = Math.round(zoneOffset(time, zone) / MS_PER_MINUTE);
  if (minutes === 0) return "UTC";
  const size = Math.abs(minutes);
  const rest = size % 60 === 0 ? "" : `:${String(size % 60).padStart(2, "0")}`;
  return `UTC${minutes < 0 ? "−" : "+"}${Math.floor(size / 60)}${rest}`;
}

const offsets = new Map<Zone, ZoneOffsets>();

/** The offsets of one zone, which are slow to find. */
class ZoneOffsets {
  private readonly known = new Map<number, number>();
  private readonly format: Intl.DateTimeFormat;

  constructor(timeZone: string) {
    this.format = new Intl.DateTimeFormat("en", {
      timeZone,
      hourCycle: "h23",
      era: "narrow",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  }

  at(time: number): number {
    const start = Math.floor(time / STEP_MS) * STEP_MS;
    const known = this.known.get(start);
    if (known !== undefined) return known;
    if (this.known.size >= MOST) this.known.clear();
    const offset = this.find(start);
    this.known.set(start, offset);
    return offset;
  }

  private find(time: number): number {
    const parts = Object.fromEntries(
      this.format.formatToParts(time).map(({ type, value }) => [type, value]),
    );
    const [year, ...rest] = ["year", "month", "day", "hour", "minute", "second"].map((part) =>
      Number(parts[part]),
    );
    const [month, day, hour, minute, second] = rest;
    const full = parts["era"] === "B" ? 1 - year : year;
    return Date.UTC(full, month - 1, day, hour, minute, second) - time;
  }
}
