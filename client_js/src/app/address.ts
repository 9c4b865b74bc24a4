import type { ScaleKind } from "../chart/price-scale";
import type { RendererName } from "../chart/renderers/renderer";
import { type Interval, isInterval } from "../store/intervals";
import { readScale } from "./scale-select";

/** The view in the page's address. A value that cannot be read is absent and told in `faults`. */
export interface Address {
  symbol: string | null;
  interval: Interval | null;
  /** Indicators in the form that `IndicatorSet` reads; null if the address names none. */
  indicators: string | null;
  /** Scale of the prices; null if the address names none. */
  scale: ScaleKind | null;
  /** The symbols that the chart is compared with, separated by commas; null if it names none. */
  compare: string | null;
  renderer: RendererName | null;
  faults: string[];
}

/** Read `?symbol=`, `?interval=`, `?indicators=`, `?scale=`, `?compare=` and `?renderer=`. */
export function readAddress(search: string): Address {
  const params = new URLSearchParams(search);
  const interval = params.get("interval");
  const renderer = params.get("renderer");
  const scale = params.get("scale");
  const faults: string[] = [];
  if (interval !== null && !isInterval(interval)) faults.push(`There are no ${interval} candles.`);
  if (scale !== null && readScale(scale) === null) {
    faults.push(`There is no ${scale} scale; there are linear, log and percent.`);
  }
  return {
    symbol: params.get("symbol") || null,
    interval: isInterval(interval) ? interval : null,
    indicators: params.get("indicators"),
    scale: readScale(scale),
    compare: params.get("compare"),
    renderer: renderer === "webgpu" || renderer === "canvas2d" ? renderer : null,
    faults,
  };
}

/** Read `#token=`, as an option of the feed: behind the #, so that no server logs it. */
export function readToken(hash: string): { authToken?: string } {
  const token = new URLSearchParams(hash.replace(/^#/, "")).get("token");
  return token ? { authToken: token } : {};
}

/** The part of the view that the address holds. */
export interface View {
  symbol: string;
  interval: Interval;
  indicators: string;
  scale: ScaleKind;
  compare: string;
}

/**
 * Write the view into the address, so that it can be copied and shared. A new entry is made in the
 * browser's history if `isStep` and the address changes; Back then returns to the view before.
 */
export function writeAddress(view: View, isStep: boolean): void {
  const url = new URL(location.href);
  url.searchParams.set("symbol", view.symbol);
  url.searchParams.set("interval", view.interval);
  setOrDelete(url, "indicators", view.indicators);
  setOrDelete(url, "scale", view.scale === "linear" ? "" : view.scale);
  setOrDelete(url, "compare", view.compare);
  if (url.href === location.href) return;
  if (isStep) history.pushState(null, "", url);
  else history.replaceState(null, "", url);
}

function setOrDelete(url: URL, name: string, value: string): void {
  if (value === "") url.searchParams.delete(name);
  else url.searchParams.set(name, value);
}
