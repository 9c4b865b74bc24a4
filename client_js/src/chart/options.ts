import { checkedZone, type Zone } from "../format/zone";
import { CandleStore } from "../store/candle-store";
import { intervalLength, UNITS_MS } from "../store/intervals";
import type { Bounds } from "../store/trading-hours";
import { decimalText, show } from "../store/values";
import type { FeedClock } from "./countdown";
import type { IndicatorKernels } from "./indicator-kernels";
import type { PaneHeights } from "./pane-heights";
import type { ScaleKind } from "./price-scale";
import type { RendererName } from "./renderers/renderer";
import type { ThemeInput } from "./theme";

/** The candles that a chart shows. */
export interface ChartSource {
  /** The instrument. By default that of the first tick; ticks of others are ignored. */
  symbol?: string | null;
  /** Length of a candle: text such as "30s", "5m", "4h" or "1d", or ms. One minute by default. */
  interval?: string | number;
  /** The least price step, such as 0.25 or "0.25"; found from the prices by default. */
  tickSize?: number | string;
  /** The zone in which the venue states its hours (IANA), for the time zone "exchange". */
  exchangeTimeZone?: string | null;
  /**
   * Where candles begin and end, such as `boundsOf("1d", hours)` of "tickfire/store", by which a tick
   * belongs to the day of its session. By default candles are of one length, in step with those given.
   */
  bounds?: Bounds | null;
  /** Candles that are kept up to date elsewhere; several charts may show one store. */
  store?: CandleStore;
}

export interface ChartOptions extends ChartSource {
  /** "dark" by default. */
  theme?: ThemeInput;
  /**
   * Times on the axis and in labels: "utc" by default; "local", "exchange", or a name such as
   * "America/New_York". Candles of a day and longer show their date in UTC in any zone.
   */
  timeZone?: Zone;
  /** The scale of the prices: "linear" by default. */
  scale?: ScaleKind;
  /** Let the candles glide on after a fling: true by default. */
  kineticPan?: boolean;
  /** Snap the crosshair to the nearest price of its candle: false by default. */
  magnet?: boolean;
  /** Show the time to the close of the running candle: false by default. */
  countdown?: boolean;
  /** The feed's clock, for the countdown; by default that of the ticks given to `updateCandle`. */
  clock?: FeedClock;
  /** Heights of panes by their names, as shares of the chart's. */
  paneHeights?: PaneHeights;
  /** The renderer to use, instead of the best that the machine offers. */
  renderer?: RendererName | null;
  /** Computes what `setIndicator` asks for: `kernelIndicators()` of "tickfire/compute". */
  indicators?: IndicatorKernels;
}

/** A source, checked and completed. */
export interface ResolvedSource {
  symbol: string | null;
  /** The interval as text, for the legend. */
  interval: string;
  intervalMs: number;
  exchangeTimeZone: Zone;
  bounds: Bounds | null;
  store: CandleStore;
}

const MINUTE = "1m";

/** Check a source and complete it; throws TypeError or RangeError that names the option. */
export function resolveSource(given: ChartSource): ResolvedSource {
  const { symbol = null, interval = MINUTE } = given;
  if (symbol !== null && typeof symbol !== "string") {
    throw new TypeError(`symbol must be a string, not ${show(symbol)}`);
  }
  const intervalMs = lengthOf(interval);
  const store = given.store ?? new CandleStore(tickSizeOf(given.tickSize ?? "0"));
  const name = typeof interval === "string" ? interval : nameOf(intervalMs);
  const exchangeTimeZone = checkedZone(given.exchangeTimeZone ?? "utc");
  const bounds = checkedBounds(given.bounds ?? null);
  return { symbol, interval: name, intervalMs, exchangeTimeZone, bounds, store };
}

function checkedBounds(bounds: Bounds | null): Bounds | null {
  if (bounds === null || typeof bounds.startOf === "function") return bounds;
  throw new TypeError(`bounds must be those of boundsOf, not ${show(bounds)}`);
}

function lengthOf(interval: unknown): number {
  if (typeof interval === "string") return intervalLength(interval);
  if (typeof interval !== "number") {
    throw new TypeError(`interval must be text such as "1m" or ms, not ${show(interval)}`);
  }
  if (Number.isSafeInteger(interval) && interval > 0) return interval;
  throw new RangeError(`interval must be a whole number of ms above 0, not ${interval}`);
}

function tickSizeOf(value: number | string): string {
  const text = decimalText(value, "tickSize");
  if (!text.startsWith("-")) return text;
  throw new RangeError(`tickSize must not be negative, and ${text} is`);
}

function nameOf(ms: number): string {
  const units = Object.entries(UNITS_MS).reverse();
  const [unit, size] = units.find(([, each]) => ms % each === 0) ?? ["ms", 1];
  return `${ms / size}${unit}`;
}

/** The legend's title: "EUR/USD · 1m". */
export function titleOf({ symbol, interval }: ResolvedSource): string {
  return symbol === null ? interval : `${symbol} · ${interval}`;
}

/** Check the element that a chart is made in. */
export function checkElement(element: unknown): asserts element is HTMLElement {
  const isElement = (element as Node | null)?.nodeType === 1;
  if (isElement && typeof (element as HTMLElement).append === "function") return;
  const hint = typeof element === "string" ? ": pass document.querySelector's result" : "";
  throw new TypeError(`createChart needs an element of the page, not ${show(element)}${hint}`);
}

/** The zone of times on a chart of `source`; throws RangeError for an unknown one. */
export function resolveZone(zone: Zone, source: ResolvedSource): Zone {
  return zone === "exchange" ? source.exchangeTimeZone : checkedZone(zone);
}
