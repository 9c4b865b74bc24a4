import type { Zone } from "../format/zone";
import { type BarInput, checkedBars } from "../store/bars";
import type { Bar, CandleStore } from "../store/candle-store";
import { TickFolder, type TickInput } from "../store/ticks";
import type { Point } from "./crosshair";
import { csvOf } from "./csv";
import { Emitter } from "./emitter";
import type { IndicatorParams, IndicatorSource } from "./indicator-kernels";
import { Indicators } from "./indicators";
import { Level } from "./invalidate";
import type { ChartLayer } from "./layers";
import type { Marker } from "./markers";
import {
  type ChartOptions,
  type ChartSource,
  checkElement,
  type ResolvedSource,
  resolveSource,
  resolveZone,
  titleOf,
} from "./options";
import { PriceLineLayer, type PriceLineOptions } from "./price-lines";
import { checkedScale, type ScaleKind } from "./price-scale";
import { checkedRange, positionOf, type TimeRange, timeAt, type VisibleRange } from "./range";
import type { RendererName } from "./renderers/renderer";
import { buildScaffold } from "./scaffold";
import { checkSeries, PRICE_PANE, type Series } from "./series";
import { adoptStyles } from "./style-sheet";
import { resolveTheme, type ThemeInput } from "./theme";
import { ChartView } from "./view";

/** A place on the pane, for listeners. */
export interface ChartPoint {
  /** CSS pixels from the pane's top left corner. */
  x: number;
  y: number;
  /** Beginning of the candle there, ms; counted on where no candle is. */
  time: number;
  price: number;
  /** The candle there, if there is one. */
  bar: Bar | null;
}

/** The events of a chart. */
export interface ChartEvents {
  /** The crosshair has moved; null when it has gone. */
  crosshair: ChartPoint | null;
  /** A click or a tap on the pane. */
  click: ChartPoint;
  /** The visible range has changed. */
  range: VisibleRange;
  /** Other candles are shown: of another symbol or interval. */
  source: IndicatorSource;
  /** A frame has been drawn. */
  frame: { frames: number; axisDraws: number };
  /** Results of an indicator are in; its id. */
  computed: string;
  /** An indicator or a scale is not as asked for; a sentence that says why. */
  failure: string;
}

/** Something added to a chart. */
export interface Added {
  remove(): void;
}

export interface PriceLine extends Added {
  /** Change the line: its price, for instance. */
  update(changes: Partial<PriceLineOptions>): void;
}

export interface PaneOptions {
  /** Share of the chart's height, from 0.05 to 0.6; divided evenly by default. */
  height?: number;
}

const LEAST_PANE = 0.05;
const MOST_PANE = 0.6;

export interface IndicatorOptions {
  /** Tells several indicators of one name apart; the name by default. */
  id?: string;
  /** Colour of its first line, "#rrggbb"; the next free one by default. */
  color?: string;
}

/**
 * Make a candlestick chart that fills `element`, which needs a size. Throws TypeError or RangeError
 * that names the option.
 */
export function createChart(element: HTMLElement, options: ChartOptions = {}): Chart {
  return new Chart(element, options);
}

/** A candlestick chart of one symbol: candles, axes, legend and crosshair. */
export class Chart {
  private source: ResolvedSource;
  private folder: TickFolder;
  private zone: Zone;
  private readonly view: ChartView;
  private readonly scaffold = buildScaffold();
  private readonly events = new Emitter<ChartEvents>([
    "crosshair",
    "click",
    "range",
    "source",
    "frame",
    "computed",
    "failure",
  ]);
  private readonly indicators: Indicators;
  private readonly markers = new Set<readonly Marker[]>();
  private range: VisibleRange | null = null;
  private styles: { root: Node; release: () => void } | null = null;
  private destroyed = false;

  constructor(element: HTMLElement, options: ChartOptions) {
    checkElement(element);
    const { indicators = null, renderer = null, timeZone = "utc", theme = "dark" } = options;
    const scale = checkedScale(options.scale ?? "linear");
    this.source = resolveSource(options);
    this.zone = timeZone;
    const zone = resolveZone(timeZone, this.source);
    this.folder = new TickFolder(this.source.store, this.source.intervalMs);
    const { root } = this.scaffold;
    const resolved = resolveTheme(theme);
    element.append(root);
    this.adoptStyles();
    this.view = new ChartView(
      this.scaffold,
      {
        renderer,
        zone,
        theme: resolved,
        scale,
        onPlaced: () => this.adoptStyles(),
        onFrame: () => this.tellFrame(),
        onPoint: (at) => this.events.emit("crosshair", at && this.pointOf(at)),
        onClick: (at) => this.tellClick(at),
        onFailure: (reason) => this.events.emit("failure", reason),
      },
      this.shown(),
    );
    this.indicators = new Indicators(
      indicators,
      {
        setSeries: (id, series) => {
          this.setSeries(id, series);
          this.events.emit("computed", id);
        },
        removeSeries: (id) => this.removeSeries(id),
        fail: (reason) => this.events.emit("failure", reason),
      },
      this.indicatorSource(),
    );
    this.label();
  }

  /** The chart's own element, inside the one that it was made in. */
  get element(): HTMLElement {
    return this.scaffold.root;
  }

  /** The candles shown. */
  get store(): CandleStore {
    return this.source.store;
  }

  /** The instrument shown; null until the first tick if none was named. */
  get symbol(): string | null {
    return this.source.symbol;
  }

  /** Length of a candle, as text: "1m". */
  get interval(): string {
    return this.source.interval;
  }

  /** Length of a candle, ms. */
  get intervalMs(): number {
    return this.source.intervalMs;
  }

  /** The renderer in use; null while it is being set up. */
  get renderer(): RendererName | null {
    return this.view.rendererName;
  }

  /** The ids of the series, indicators included, in the order in which they were added. */
  get seriesIds(): string[] {
    return [...this.view.series.series.keys()];
  }

  /** The ids of the indicators, in the order in which they were added. */
  get indicatorIds(): string[] {
    return this.indicators.ids;
  }

  /**
   * Show another symbol or interval, from its newest candle on. Without a `store` the chart is
   * empty until `setBars`.
   */
  show(source: ChartSource): void {
    this.source = resolveSource(source);
    this.folder = new TickFolder(this.source.store, this.source.intervalMs);
    this.view.setZone(this.timeZone);
    this.view.show(this.shown());
    this.indicators.show(this.indicatorSource());
    this.label();
    this.events.emit("source", this.indicatorSource());
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
    if (tick === null || typeof tick !== "object") throw new TypeError("a tick must be an object");
    const { symbol = this.symbol } = tick;
    if (this.symbol !== null && symbol !== this.symbol) return false;
    const isFolded = this.folder.fold(tick);
    if (this.symbol === null && symbol !== null) this.name(symbol);
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
    else this.indicators.set({ id, name, params, ...(color === undefined ? {} : { color }) });
  }

  /** Remove an indicator; returns whether there was one with that id. */
  removeIndicator(id: string): boolean {
    return this.indicators.remove(id);
  }

  /**
   * Add a series, or replace the one with the same id: plots over the candles or in a pane of their
   * own. Its arrays are read at each frame: call this again when they have changed. Throws
   * RangeError if it cannot be drawn.
   */
  setSeries(id: string, series: Series): void {
    checkSeries(id, series);
    const host = this.view.series;
    host.series.set(id, series);
    void host.load();
    this.view.request(Level.Data);
  }

  /** Remove a series; returns whether there was one with that id. */
  removeSeries(id: string): boolean {
    this.view.request(Level.Data);
    return this.view.series.series.delete(id);
  }

  /**
   * Add a pane below the candles for the series that name it, before any that series open by
   * themselves. Throws RangeError if there is one already or the height is out of range.
   */
  addPane(name: string, { height }: PaneOptions = {}): Added {
    const { series } = this.view;
    const { panes } = series;
    if (name === PRICE_PANE || panes.has(name)) {
      throw new RangeError(`there is a pane "${name}" already`);
    }
    if (height !== undefined && !(height >= LEAST_PANE && height <= MOST_PANE)) {
      throw new RangeError(
        `height of a pane is a share from ${LEAST_PANE} to ${MOST_PANE}, not ${height}`,
      );
    }
    panes.set(name, height ?? null);
    void series.load();
    this.view.request(Level.Layout);
    return {
      remove: () => {
        panes.delete(name);
        this.view.request(Level.Layout);
      },
    };
  }

  /** The candles as CSV, oldest first, with a column for each plot of the series. */
  toCSV(): string {
    return csvOf(this.store, [...this.view.series.series.values()]);
  }

  /**
   * The chart as a PNG of its size in device pixels, text included and the crosshair not. Rejects if
   * it has no size or has been destroyed.
   */
  async toPNG(): Promise<Blob> {
    const { paintChart } = await import("./png");
    if (this.destroyed) throw new Error("toPNG: the chart has been destroyed");
    return paintChart(this.element, this.scaffold.canvas, () => this.view.redraw());
  }

  /** Add markers on candles. */
  addMarkers(markers: readonly Marker[]): Added {
    this.markers.add(markers);
    this.showMarkers();
    return {
      remove: () => {
        this.markers.delete(markers);
        this.showMarkers();
      },
    };
  }

  /** The text of a price as the axis shows it, in the scale chosen. */
  priceText(price: number): string {
    const units = Math.round(price * 10 ** this.store.decimals);
    return this.view.coordinates?.axisText(units) ?? this.store.format(units);
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
        this.view.request(Level.Data);
      },
    };
  }

  /** Draw a layer of one's own; `redraw` asks for a frame when it has changed. */
  addLayer(layer: ChartLayer): Added & { redraw(): void } {
    const { layers } = this.view;
    const redraw = () => this.view.request(Level.Data);
    layers.add(layer);
    redraw();
    return {
      redraw,
      remove: () => {
        layers.delete(layer);
        redraw();
      },
    };
  }

  setTheme(theme: ThemeInput): void {
    this.view.setTheme(resolveTheme(theme));
  }

  /** The scale of the prices that was asked for last. */
  get scale(): ScaleKind {
    return this.view.scale.kind;
  }

  /**
   * Choose the scale of the prices. Candles that a log scale cannot show, as they have prices of 0
   * or below, are drawn on a linear one; the event `failure` says so. Throws RangeError for an
   * unknown name.
   */
  setScale(kind: ScaleKind): void {
    this.view.setScale(checkedScale(kind));
  }

  /** The zone of times on the chart; that of the venue for "exchange". */
  get timeZone(): Zone {
    return resolveZone(this.zone, this.source);
  }

  /** Show times in another zone. Throws RangeError for an unknown one. */
  setTimeZone(zone: Zone): void {
    this.view.setZone(resolveZone(zone, this.source));
    this.zone = zone;
  }

  /** Show all candles, with prices to fit. */
  fit(): void {
    const { view } = this;
    view.scale.auto = true;
    view.moveView(() => view.viewport.fitAll());
  }

  /** The times at the pane's edges; null while there are no candles in a pane. */
  visibleRange(): VisibleRange | null;
  /** Show a range of times, as far as the limits of zoom allow. */
  visibleRange(range: TimeRange): void;
  visibleRange(range?: TimeRange): VisibleRange | null {
    const { view, store, intervalMs } = this;
    if (range === undefined) return this.currentRange();
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
    const { left, right } = this.view.viewport;
    return { left, right };
  }

  /** Call `listener` at each event; returns a function that unsubscribes it. */
  on<E extends keyof ChartEvents>(event: E, listener: (told: ChartEvents[E]) => void): () => void {
    return this.events.on(event, listener);
  }

  /** Remove the chart and all that belongs to it; a second call does nothing. */
  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.indicators.close();
    this.view.dispose();
    this.styles?.release();
    this.events.clear();
  }

  private name(symbol: string): void {
    this.source = { ...this.source, symbol };
    this.view.annotations.legend.setTitle(titleOf(this.source));
    this.label();
  }

  private shown() {
    const { store, intervalMs } = this.source;
    return { store, intervalMs, title: titleOf(this.source) };
  }

  private indicatorSource(): IndicatorSource {
    const { store, symbol, interval } = this.source;
    return { store, symbol: symbol ?? "", interval };
  }

  private label(): void {
    const { symbol, interval } = this.source;
    const label = `Candlestick chart of ${symbol ?? "no symbol yet"}, ${interval} candles`;
    this.element.setAttribute("aria-label", label);
  }

  private showMarkers(): void {
    const redraw = () => this.view.request(Level.Cursor);
    const fail = (error: unknown) =>
      this.events.emit("failure", `Markers cannot be drawn: ${String(error)}`);
    this.view.annotations.mark([...this.markers].flat()).then(redraw, fail);
  }

  private currentRange(): VisibleRange | null {
    const { view, store, intervalMs } = this;
    if (view.coordinates === null || store.count === 0) return null;
    const { left, right } = view.viewport;
    return { from: timeAt(store, left, intervalMs), to: timeAt(store, right, intervalMs) };
  }

  private tellFrame(): void {
    const { frames, axisDraws } = this.view;
    this.events.emit("frame", { frames, axisDraws });
    const range = this.currentRange();
    if (range === null) return;
    if (range.from === this.range?.from && range.to === this.range.to) return;
    this.range = range;
    this.events.emit("range", range);
  }

  private tellClick(at: Point): void {
    const point = this.pointOf(at);
    if (point !== null) this.events.emit("click", point);
  }

  private pointOf({ x, y }: Point): ChartPoint | null {
    const { coordinates } = this.view;
    if (coordinates === null) return null;
    const index = coordinates.xToIndex(x);
    const bar = index >= 0 && index < this.store.count ? this.store.bar(index) : null;
    return { x, y, time: coordinates.xToTime(x), price: coordinates.yToPrice(y), bar };
  }

  /** The style sheet follows the element into another document or shadow root. */
  private adoptStyles(): void {
    const { root } = this.scaffold;
    const place = root.getRootNode();
    if (!root.isConnected || place === this.styles?.root) return;
    this.styles?.release();
    this.styles = { root: place, release: adoptStyles(root) };
  }
}
