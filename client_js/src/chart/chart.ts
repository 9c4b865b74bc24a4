import type { Zone } from "../format/zone";
import { type BarInput, checkedBars } from "../store/bars";
import type { CandleStore } from "../store/candle-store";
import type { TickInput } from "../store/ticks";
import type { Added } from "./added";
import { ChartCore } from "./chart-core";
import type { ChartEvents, ChartPoint } from "./chart-events";
import { csvOf } from "./csv";
import type { IndicatorParams } from "./indicator-kernels";
import type { IndicatorOptions } from "./indicators";
import { Level } from "./invalidate";
import type { ChartLayer } from "./layers";
import type { Marker } from "./markers";
import type { ChartOptions, ChartSource } from "./options";
import type { PaneHeights } from "./pane-heights";
import { type PriceLine, PriceLineLayer, type PriceLineOptions } from "./price-lines";
import { checkedScale, type ScaleKind } from "./price-scale";
import {
  type CrosshairInput,
  checkedPlace,
  checkedRange,
  positionOf,
  type TimeRange,
  type VisibleRange,
} from "./range";
import type { RendererName } from "./renderers/renderer";
import type { Series } from "./series";
import type { PaneOptions } from "./series-host";
import { resolveTheme, type ThemeInput } from "./theme";

/**
 * Make a candlestick chart that fills `element`, which needs a size. Throws TypeError or RangeError
 * that names the option.
 */
export function createChart(element: HTMLElement, options: ChartOptions = {}): Chart {
  return new Chart(element, options);
}

/** A candlestick chart of one symbol: candles, axes, legend and crosshair. */
export class Chart {
  private readonly core: ChartCore;

  constructor(element: HTMLElement, options: ChartOptions) {
    this.core = new ChartCore(element, options);
  }

  /** The chart's own element, inside the one that it was made in. */
  get element(): HTMLElement {
    return this.core.scaffold.root;
  }

  /** The candles shown. */
  get store(): CandleStore {
    return this.core.source.resolved.store;
  }

  /** The instrument shown; null until the first tick if none was named. */
  get symbol(): string | null {
    return this.core.source.resolved.symbol;
  }

  /** Length of a candle, as text: "1m". */
  get interval(): string {
    return this.core.source.resolved.interval;
  }

  /** Length of a candle, ms. */
  get intervalMs(): number {
    return this.core.source.resolved.intervalMs;
  }

  /** The renderer in use; null while it is being set up. */
  get renderer(): RendererName | null {
    return this.core.view.rendererName;
  }

  /** The ids of the series, indicators included, in the order in which they were added. */
  get seriesIds(): string[] {
    return [...this.core.view.series.series.keys()];
  }

  /** The ids of the indicators, in the order in which they were added. */
  get indicatorIds(): string[] {
    return this.core.indicators.ids;
  }

  /**
   * Show another symbol or interval, from its newest candle on. Without a `store` the chart is
   * empty until `setBars`.
   */
  show(source: ChartSource): void {
    this.core.show(source);
  }

  /** Replace all candles by `bars`, oldest first. Throws as `checkedBars` does. */
  setBars(bars: readonly BarInput[]): void {
    this.store.reset(checkedBars(bars));
  }

  /**
   * Add bars, oldest first: after those there are, before them, or in place of those of the same
   * times. The view stays where it is, or follows the newest candle. Throws as `checkedBars` does.
   */
  appendBars(bars: readonly BarInput[]): void {
    this.store.merge(checkedBars(bars));
  }

  /**
   * Fold a tick into the candles, as `TickFolder` does; returns false if it is ignored: of another
   * symbol, or before the first candle. Throws TypeError or RangeError that names the field, and
   * then changes nothing.
   */
  updateCandle(tick: TickInput): boolean {
    const { symbol } = this;
    const isFolded = this.core.source.fold(tick);
    if (this.symbol !== symbol) this.core.label();
    if (isFolded) this.core.countdown?.hear(tick.time);
    return isFolded;
  }

  /**
   * Compute and draw an indicator of the catalogue; null instead of parameters removes it. Needs the
   * option `indicators`. Throws RangeError that says what is valid.
   */
  setIndicator(
    name: string,
    params: IndicatorParams | null = {},
    options: IndicatorOptions = {},
  ): void {
    const { id = name, color } = options;
    if (params === null) this.removeIndicator(id);
    else this.core.indicators.set({ id, name, params, ...(color === undefined ? {} : { color }) });
  }

  /** Remove an indicator; returns whether there was one with that id. */
  removeIndicator(id: string): boolean {
    return this.core.indicators.remove(id);
  }

  /**
   * Add a series, or replace the one with the same id: plots over the candles or in a pane of their
   * own. Its arrays are read at each frame: call this again when they have changed. Throws
   * RangeError if it cannot be drawn.
   */
  setSeries(id: string, series: Series): void {
    this.core.view.series.set(id, series);
  }

  /** Remove a series; returns whether there was one with that id. */
  removeSeries(id: string): boolean {
    return this.core.view.series.remove(id);
  }

  /**
   * Add a pane below the candles for the series that name it, before any that series open by
   * themselves. Throws RangeError if there is one already or the height is out of range.
   */
  addPane(name: string, options: PaneOptions = {}): Added {
    return this.core.view.series.addPane(name, options);
  }

  /** The heights of panes that have been chosen, by name, as shares of the chart's. */
  get paneHeights(): PaneHeights {
    return this.core.paneHeights;
  }

  /**
   * Set the heights of panes; those that are not named have their usual ones. Throws RangeError for
   * one that is not between 0 and 1.
   */
  setPaneHeights(heights: PaneHeights): void {
    this.core.view.series.setHeights(heights);
  }

  /** The candles as CSV, oldest first, with a column for each plot of the series. */
  toCSV(): string {
    return csvOf(this.store, [...this.core.view.series.series.values()]);
  }

  /**
   * The chart as a PNG of its size in device pixels, text included and the crosshair not. Rejects if
   * it has no size or has been destroyed.
   */
  async toPNG(): Promise<Blob> {
    const { paintChart } = await import("./png");
    await this.core.view.host.ready;
    if (this.core.destroyed) throw new Error("toPNG: the chart has been destroyed");
    return paintChart(this.element, this.core.scaffold.canvas, () => this.core.view.redraw());
  }

  /** Add markers on candles. */
  addMarkers(markers: readonly Marker[]): Added {
    return this.core.view.markers.add(markers);
  }

  /** The text of a price as the axis shows it, in the scale chosen. */
  priceText(price: number): string {
    const units = Math.round(price * 10 ** this.store.decimals);
    return this.core.view.coordinates?.axisText(units) ?? this.store.format(units);
  }

  /** Draw a horizontal line at a price. Throws RangeError if it cannot be drawn. */
  priceLine(options: PriceLineOptions): PriceLine {
    const defaults = { color: "#f59e42", title: "", style: "dashed", width: 1 } as const;
    const layer = new PriceLineLayer({ ...defaults, ...options }, (price) => this.priceText(price));
    const { remove } = this.addLayer(layer);
    return {
      remove,
      update: (changes) => {
        layer.update(changes);
        this.core.view.request(Level.Data);
      },
    };
  }

  /** Draw a layer of one's own; `redraw` asks for a frame when it has changed. */
  addLayer(layer: ChartLayer): Added & { redraw(): void } {
    return this.core.view.addLayer(layer);
  }

  setTheme(theme: ThemeInput): void {
    this.core.view.setTheme(resolveTheme(theme));
  }

  /** The scale of the prices that was asked for last. */
  get scale(): ScaleKind {
    return this.core.view.scale.kind;
  }

  /**
   * Choose the scale of the prices. Candles that a log scale cannot show, as they have prices of 0
   * or below, are drawn on a linear one; the event `failure` says so. Throws RangeError for an
   * unknown name.
   */
  setScale(kind: ScaleKind): void {
    this.core.view.setScale(checkedScale(kind));
  }

  /** True while the crosshair goes to the nearest of open, high, low and close of its candle. */
  get magnet(): boolean {
    return this.core.view.magnet;
  }

  setMagnet(isOn: boolean): void {
    this.core.view.setMagnet(isOn);
    this.core.events.emit("magnet", isOn);
  }

  /** The zone of times on the chart; that of the venue for "exchange". */
  get timeZone(): Zone {
    return this.core.source.timeZone;
  }

  /** Show times in another zone. Throws RangeError for an unknown one. */
  setTimeZone(zone: Zone): void {
    this.core.source.setTimeZone(zone);
    this.core.view.setZone(this.timeZone);
  }

  /** Show all candles, with prices to fit. */
  fit(): void {
    const { view } = this.core;
    view.scale.auto = true;
    view.moveView(() => view.viewport.fitAll());
  }

  /** The times at the pane's edges; null while there are no candles in a pane. */
  visibleRange(): VisibleRange | null;
  /** Show a range of times, as far as the limits of zoom allow. */
  visibleRange(range: TimeRange): void;
  visibleRange(range?: TimeRange): VisibleRange | null {
    const { store, intervalMs } = this;
    const { view } = this.core;
    if (range === undefined) return this.core.range();
    const { from, to } = checkedRange(range);
    view.moveView(() => {
      view.viewport.show(positionOf(store, from, intervalMs), positionOf(store, to, intervalMs));
    });
    return null;
  }

  /**
   * The pane's edges on the axis on which candle i spans [i, i + 1): below 0 and above the number of
   * candles where the pane shows more than there are.
   */
  visibleBars(): { left: number; right: number } {
    const { left, right } = this.core.view.viewport;
    return { left, right };
  }

  /** The crosshair's place; null while it is hidden. */
  get crosshair(): ChartPoint | null {
    return this.core.pointOf(this.core.view.cursor);
  }

  /**
   * Show the crosshair on the candle of a time, at its close unless a price is given, from the next
   * frame on. Null hides it, and so does a time out of sight. The event `crosshair` tells of the user's movements only, so charts may follow each other.
   * Throws TypeError or RangeError that names the field.
   */
  setCrosshair(at: CrosshairInput | null): void {
    this.core.view.place(at && checkedPlace(at));
  }

  /** Call `listener` at each event; returns a function that unsubscribes it. */
  on<E extends keyof ChartEvents>(event: E, listener: (told: ChartEvents[E]) => void): () => void {
    return this.core.events.on(event, listener);
  }

  /** Remove the chart and all that belongs to it; a second call does nothing. */
  destroy(): void {
    this.core.destroy();
  }
}
