/** Time zones: "utc", "local" for the browser's, or a name of the IANA database. */
export type Zone = "utc" | "local" | (string & {});

const MS_PER_MINUTE = 60_000;
const MS_PER_HOUR = 3_600_000;
/** The clocks of all zones change at multiples of this, and within a few hours at most once. */
const STEP_MS = 15 * MS_PER_MINUTE;
const NEAR_MS = 3 * MS_PER_HOUR;
const OFFSET = /GMT([+-])(\d+):(\d+):?(\d+)?$/;
/** Offsets that are remembered. */
const MOST = 20_000;

/** Check a zone; throws RangeError for an unknown one. */
export function checkedZone(zone: unknown): Zone {
  if (zone === "utc" || zone === "local") return zone;
  if (typeof zone === "string" && isZoneName(zone)) return zone;
  throw new RangeError(`timeZone must be "utc", "local", "exchange" or an IANA name, not ${zone}`);
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
  const start = Math.floor(time / STEP_MS) * STEP_MS;
  const key = `${zone} ${start}`;
  const known = offsets.get(key) ?? findOffset(start, zone);
  if (offsets.size > MOST) offsets.clear();
  offsets.set(key, known);
  return known;
}

/** Return true if the zone's clock shows this time twice, as summer time ends near it. */
export function isRepeated(time: number, zone: Zone): boolean {
  const offset = zoneOffset(time, zone);
  return [-NEAR_MS, NEAR_MS].some((away) => {
    const other = zoneOffset(time + away, zone);
    return other !== offset && zoneOffset(time + offset - other, zone) === other;
  });
}

/** "UTC", "UTC−4", "UTC+5:30" */
export function offsetText(time: number, zone: Zone): string {
  const minutes = Math.round(zoneOffset(time, zone) / MS_PER_MINUTE);
  if (minutes === 0) return "UTC";
  const size = Math.abs(minutes);
  const rest = size % 60 === 0 ? "" : `:${String(size % 60).padStart(2, "0")}`;
  return `UTC${minutes < 0 ? "−" : "+"}${Math.floor(size / 60)}${rest}`;
}

/** Formats by zone, and offsets by zone and time: both are slow to find. */
const formats = new Map<string, Intl.DateTimeFormat>();
const offsets = new Map<string, number>();

/** From "7/1/2024, GMT-04:00", or "GMT" without a number for UTC. */
function findOffset(time: number, timeZone: string): number {
  const format =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" });
  formats.set(timeZone, format);
  const [, sign = "", hours = 0, minutes = 0, seconds = 0] = OFFSET.exec(format.format(time)) ?? [];
  return Number(`${sign}1`) * (+hours * MS_PER_HOUR + +minutes * MS_PER_MINUTE + +seconds * 1000);
}
