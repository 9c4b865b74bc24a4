import type { RendererName } from "../chart/renderers/renderer";
import type { Zone } from "../format/time";
import { type Interval, isInterval } from "../store/intervals";

export type Theme = "dark" | "light";

/** The settings in the page's address; each may be absent. */
export interface AddressSettings {
  symbol: string | null;
  interval: Interval;
  renderer: RendererName | null;
}

/** Read `?symbol=`, `?interval=` and `?renderer=`. */
export function readAddress(search: string): AddressSettings {
  const params = new URLSearchParams(search);
  const interval = params.get("interval");
  const renderer = params.get("renderer");
  return {
    symbol: params.get("symbol"),
    interval: isInterval(interval) ? interval : "1m",
    renderer: renderer === "webgpu" || renderer === "canvas2d" ? renderer : null,
  };
}

/** Read `#token=`, as the socket's params: behind the #, so that no server logs it. */
export function readToken(hash: string): Record<string, string> {
  const token = new URLSearchParams(hash.replace(/^#/, "")).get("token");
  return token === null ? {} : { token };
}

/** Update the address to the current view, so that it can be copied and shared. */
export function writeAddress(symbol: string, interval: Interval): void {
  const url = new URL(location.href);
  url.searchParams.set("symbol", symbol);
  url.searchParams.set("interval", interval);
  history.replaceState(null, "", url);
}

const THEME_KEY = "tickfire.theme";
const ZONE_KEY = "tickfire.zone";
const INDICATORS_KEY = "tickfire.indicators";
const CODE_KEY = "tickfire.python";

/** The theme chosen earlier; dark by default, as on most trading screens. */
export function initialTheme(): Theme {
  return recall(THEME_KEY) === "light" ? "light" : "dark";
}

/** The theme that the page shows. */
export function currentTheme(): Theme {
  return document.documentElement.dataset["theme"] === "light" ? "light" : "dark";
}

export function keepTheme(theme: Theme): void {
  remember(THEME_KEY, theme);
}

export function initialZone(): Zone {
  return recall(ZONE_KEY) === "local" ? "local" : "utc";
}

export function keepZone(zone: Zone): void {
  remember(ZONE_KEY, zone);
}

/** The indicators chosen earlier, in the form that `IndicatorSet` writes. */
export function keptIndicators(): string | null {
  return recall(INDICATORS_KEY);
}

export function keepIndicators(text: string): void {
  remember(INDICATORS_KEY, text);
}

/** The source of the user's Python indicator, as last edited. */
export function keptCode(): string | null {
  return recall(CODE_KEY);
}

export function keepCode(code: string): void {
  remember(CODE_KEY, code);
}

function recall(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage may be forbidden; the page works without
  }
}

function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // as above
  }
}
