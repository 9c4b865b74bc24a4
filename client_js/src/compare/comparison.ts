import type { Added } from "../chart/added";
import type { Chart } from "../chart/chart";
import { parseColor } from "../chart/color";
import { lines as COLORS } from "../chart/colors.json";
import { Emitter } from "../chart/emitter";
import type { ScaleKind } from "../chart/price-scale";
import { type BarInput, checkedBars } from "../store/bars";
import { CandleStore } from "../store/candle-store";
import type { Watcher } from "../store/changes";
import { show } from "../store/values";
import { type ComparedLine, CompareLayer } from "./compare-layer";
import { CompareLegend } from "./compare-legend";

/** Symbols that one chart can be compared with at a time. */
export const MOST_COMPARED = 4;

/** A symbol to compare, with candles of the chart's interval. */
export interface CompareInput {
  symbol: string;
  /** Its candles, oldest first. */
  bars?: readonly BarInput[];
  /** Candles that are kept up to date elsewhere, instead of `bars`. */
  store?: CandleStore;
  /** "#rrggbb"; the next free one by default. */
  color?: string;
}

/** A symbol that is compared. */
export interface Compared extends ComparedLine, Added {}

export interface ComparisonEvents {
  /** Symbols were added or removed: those that are compared now. */
  change: readonly string[];
}

/**
 * Compare other symbols with that of a chart: as lines over the candles, each counted from the first
 * candle in sight, on the percent scale.
 */
export function comparison(chart: Chart): Comparison {
  return new Comparison(chart);
}

/** The symbols that a chart is compared with. */
export class Comparison {
  private readonly layer = new CompareLayer();
  private readonly legend: CompareLegend;
  private readonly events = new Emitter<ComparisonEvents>(["change"]);
  private readonly added;
  private readonly stops: (() => void)[];
  private readonly watchers = new Map<string, Watcher>();
  /** The scale before anything was compared; null while nothing is. */
  private former: ScaleKind | null = null;

  constructor(private readonly chart: Chart) {
    const { element } = chart;
    const place = element.querySelector<HTMLElement>(".legend") ?? element;
    this.legend = new CompareLegend(place, (symbol) => this.remove(symbol));
    this.added = chart.addLayer(this.layer);
    this.stops = [
      chart.on("frame", () => this.tell()),
      chart.on("source", () => {
        if (chart.symbol !== null) this.remove(chart.symbol);
      }),
    ];
  }

  /** The symbols that are compared, in the order in which they were added. */
  get symbols(): string[] {
    return this.layer.lines.map(({ symbol }) => symbol);
  }

  /** The chart's scale without the comparison: the one that it returns to when nothing is compared. */
  get scale(): ScaleKind {
    const { scale } = this.chart;
    return scale === "percent" ? (this.former ?? scale) : scale;
  }

  /** Choose the scale to return to; at once if nothing is compared. */
  set scale(kind: ScaleKind) {
    if (this.former === null) this.chart.setScale(kind);
    else this.former = kind;
  }

  /**
   * Compare a symbol, in place of one of the same name. The first changes the scale to percent.
   * Throws TypeError or RangeError that says what cannot be compared, and then changes nothing.
   */
  add(input: CompareInput): Compared {
    const { lines } = this.layer;
    const before = lines.find(({ symbol }) => symbol === input.symbol);
    const line = this.checked(input, before);
    this.layer.lines = before
      ? lines.map((each) => (each === before ? line : each))
      : [...lines, line];
    this.watchers.get(line.symbol)?.stop();
    this.watchers.set(
      line.symbol,
      line.store.watch(() => this.added.redraw()),
    );
    if (this.former === null) {
      this.former = this.chart.scale;
      this.chart.setScale("percent");
    }
    this.changed(before === undefined);
    return { ...line, remove: () => void this.remove(line.symbol) };
  }

  /** Stop comparing a symbol; returns whether it was. With the last, the former scale returns. */
  remove(symbol: string): boolean {
    if (!this.symbols.includes(symbol)) return false;
    this.layer.lines = this.layer.lines.filter((each) => each.symbol !== symbol);
    this.watchers.get(symbol)?.stop();
    this.watchers.delete(symbol);
    if (this.layer.lines.length === 0) this.restoreScale();
    this.changed(true);
    return true;
  }

  /** Stop comparing. */
  clear(): void {
    for (const symbol of this.symbols) this.remove(symbol);
  }

  /** Call `listener` at each event; returns a function that unsubscribes it. */
  on<E extends keyof ComparisonEvents>(
    event: E,
    listener: (told: ComparisonEvents[E]) => void,
  ): () => void {
    return this.events.on(event, listener);
  }

  /** Take everything off the chart. */
  destroy(): void {
    for (const stop of this.stops.splice(0)) stop();
    this.clear();
    this.legend.remove();
    this.added.remove();
    this.events.clear();
  }

  private checked(
    { symbol, bars, store, color }: CompareInput,
    before: ComparedLine | undefined,
  ): ComparedLine {
    if (typeof symbol !== "string" || symbol === "") {
      throw new TypeError(`symbol must be a string, not ${show(symbol)}`);
    }
    if (symbol === this.chart.symbol) {
      throw new RangeError(`${symbol} is the symbol that the chart shows`);
    }
    if (before === undefined && this.symbols.length >= MOST_COMPARED) {
      throw new RangeError(`at most ${MOST_COMPARED} symbols can be compared`);
    }
    if (color !== undefined) parseColor(color);
    const held = store ?? new CandleStore();
    if (bars !== undefined) held.merge(checkedBars(bars));
    return { symbol, store: held, color: color ?? before?.color ?? this.freeColor() };
  }

  private freeColor(): string {
    const taken = this.layer.lines.map(({ color }) => color);
    // Not the first, which indicators begin with.
    const free = COLORS.slice(1).find((each) => !taken.includes(each));
    return free ?? COLORS[0];
  }

  private restoreScale(): void {
    const { chart, former } = this;
    this.former = null;
    if (chart.scale === "percent" && former !== null) chart.setScale(former);
  }

  private changed(isOther: boolean): void {
    this.added.redraw();
    if (isOther) this.events.emit("change", this.symbols);
  }

  private tell(): void {
    const { store, crosshair } = this.chart;
    if (store.count === 0) return;
    // The candle under the crosshair, or else the newest.
    const time = crosshair?.bar?.time ?? store.time[store.count - 1];
    this.legend.show(this.layer.readings(time));
  }
}
