import { isZoneName, type Zone } from "../format/zone";
import { type Interval, isInterval } from "../store/intervals";

const PREFIX = "tickfire.";

/** Names of the values that the page remembers between visits, each as text. */
export type Setting =
  | "theme"
  | "zone"
  | "symbol"
  | "interval"
  | "scale"
  | "indicators"
  | "compare"
  | "volume-profile"
  | "alerts"
  | "alerts-unreadable"
  | "magnet"
  | "drawings"
  | "drawings-unreadable"
  | "python"
  | "layout"
  | "watch-sort"
  | "tape-least";

/** The key under which the browser keeps a value. */
export function keyOf(name: Setting): string {
  return PREFIX + name;
}

/** The value kept earlier; null if there is none. */
export function recall(name: Setting): string | null {
  try {
    return localStorage.getItem(keyOf(name));
  } catch {
    return null; // storage may be forbidden; the page works without
  }
}

export function remember(name: Setting, value: string): void {
  try {
    localStorage.setItem(keyOf(name), value);
  } catch {
    // as above
  }
}

/** The zone kept at the last visit, or UTC. */
export function keptZone(): Zone {
  const kept = recall("zone");
  const isKnown = kept === "local" || kept === "exchange" || (kept !== null && isZoneName(kept));
  return isKnown ? kept : "utc";
}

export function keptInterval(): Interval | null {
  const kept = recall("interval");
  return isInterval(kept) ? kept : null;
}
