/** Times as text. All functions take milliseconds since the Unix epoch and a zone. */
import { isRepeated, offsetText, type Zone, zoneOffset } from "./zone";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MS_PER_MINUTE = 60_000;

const pad = (value: number, width = 2) => String(value).padStart(width, "0");

/** A Date whose UTC fields read as the zone's wall clock. */
export function wall(time: number, zone: Zone): Date {
  return new Date(time + zoneOffset(time, zone));
}

/** "13:30:05" */
export function clock(time: number, zone: Zone): string {
  const at = wall(time, zone);
  return `${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())}:${pad(at.getUTCSeconds())}`;
}

/** "13:30" */
export function minute(time: number, zone: Zone): string {
  return clock(time, zone).slice(0, 5);
}

/** "13:30:05.250" */
export function clockMs(time: number, zone: Zone): string {
  return `${clock(time, zone)}.${pad(wall(time, zone).getUTCMilliseconds(), 3)}`;
}

/** "1 Jul" */
export function day(time: number, zone: Zone): string {
  const at = wall(time, zone);
  return `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}`;
}

/** "Jul" or, in January, the year: "2025". */
export function month(time: number, zone: Zone): string {
  const at = wall(time, zone);
  return at.getUTCMonth() === 0 ? year(time, zone) : (MONTHS[at.getUTCMonth()] ?? "");
}

/** "2024" */
export function year(time: number, zone: Zone): string {
  return String(wall(time, zone).getUTCFullYear());
}

/**
 * "Mon 1 Jul 2024", and the clock unless whole days are shown; with the offset in an hour that the
 * clock shows twice.
 */
export function full(time: number, zone: Zone, intervalMs: number): string {
  const at = wall(time, zone);
  const date = `${DAYS[at.getUTCDay()]} ${day(time, zone)} ${year(time, zone)}`;
  if (intervalMs >= 86_400_000) return date;
  const text = intervalMs < MS_PER_MINUTE ? clock(time, zone) : minute(time, zone);
  return `${date}  ${text}${isRepeated(time, zone) ? ` ${offsetText(time, zone)}` : ""}`;
}

/** A duration in milliseconds as text: "12 s", "3 min", "2 h". */
export function span(ms: number): string {
  if (ms < 60_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

const UNITS: readonly (readonly [number, string])[] = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
];

/** A duration in milliseconds by its two greatest units: "3 d 4 h", "1 h 30 min", "45 s", "0 s". */
export function duration(ms: number): string {
  const parts = UNITS.map(([size, unit], k) => {
    const rest = k === 0 ? ms : ms % UNITS[k - 1][0];
    return { count: Math.floor(rest / size), unit };
  });
  const first = parts.findIndex(({ count }) => count > 0);
  if (first === -1) return "0 s";
  const shown = parts.slice(first, first + 2).filter(({ count }) => count > 0);
  return shown.map(({ count, unit }) => `${count} ${unit}`).join(" ");
}

/** A latency: "< 1 µs", "4.2 µs", "420 µs", "1.23 ms", "12.3 ms", "1.20 s". */
export function latency(ms: number): string {
  if (ms < 0.001) return "< 1 µs";
  if (ms < 0.9995) return `${(ms * 1000).toFixed(ms < 0.00995 ? 1 : 0)} µs`;
  if (ms < 999.5) return `${ms.toFixed(ms >= 99.95 ? 0 : ms >= 9.995 ? 1 : 2)} ms`;
  return `${(ms / 1000).toFixed(2)} s`;
}
