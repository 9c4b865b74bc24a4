import { el } from "../dom";
import { full, type Zone } from "../format/time";
import type { CandleStore } from "../store/candle-store";
import { type Axes, gridOf, placeAxes } from "./axes";
import { AxisCanvas } from "./axis-canvas";
import { type Palette, paletteOf } from "./color";
import { type Flag, Flags } from "./flags";
import { candleAt, layOut, type PaneSize } from "./geometry";
import { type ChartActions, listenToAxes, listenToKeys, listenToPane } from "./input";
import { FrameLoop, Level } from "./invalidate";
import { Legend } from "./legend";
import { Markers, type Point } from "./markers";
import { checkSeries, Overlays } from "./overlays";
import { PriceScale } from "./price-scale";
import { RendererHost } from "./renderers/host";
import type { Renderer, RendererName } from "./renderers/renderer";
import { type DeviceSize, observeDeviceSizes } from "./resize";
import { fillView, type Geometry, type LastPrice, type Rect, rowOf, VIEW_FLOATS } from "./scene";
import type { Series } from "./series";
import { toColumn } from "./snap";
import { Viewport } from "./viewport";

export interface ChartOptions {
  /** The renderer to use, instead of the best that the machine offers. */
  renderer: RendererName | null;
  loadShader: () => Promise<string>;
  zone: Zone;
  /** Called after each frame, and when the renderer changes. */
  onFrame?: (chart: CandleChart) => void;
}

/** Candles of one symbol on a pane with axes, legend and crosshair. */
export class CandleChart {
  readonly viewport = new Viewport();
  readonly scale = new PriceScale();
  frames = 0;
  private store: CandleStore | null = null;
  private intervalMs = 60_000;
  private seen = { generation: -1, appended: 0 };
  private pane: PaneSize = { width: 0, height: 0, ratio: 1 };
  private palette: Palette;
  private geometry: Geometry | null = null;
  private cursor: Point | null = null;
  private readonly view = new Float32Array(VIEW_FLOATS);
  private grid: Rect[] = [];
  private gridVersion = 0;
  private axisKey = "";
  private readonly loop = new FrameLoop((level) => this.frame(level));
  private readonly host: RendererHost;
  private readonly axes: AxisCanvas;
  private readonly markers: Markers;
  private readonly flags: Flags;
  private readonly legend = new Legend();
  private readonly overlays: Overlays;
  private readonly latest = el("button", "go-latest", { type: "button", title: "Latest (End)" });
  private readonly stopObserving: () => void;

  constructor(
    private readonly element: HTMLElement,
    private readonly options: ChartOptions,
  ) {
    const pane = el("div", "pane", {}, this.legend.element, this.latest);
    const priceAxis = el("div", "axis-price", { title: "Drag to scale, double-click to fit" });
    const timeAxis = el("div", "axis-time", { title: "Drag to zoom, double-click for the latest" });
    const canvas = el("canvas", "axes-canvas", { "aria-hidden": "true" });
    this.latest.textContent = "Latest ▸";
    this.overlays = new Overlays(pane);
    this.legend.element.append(this.overlays.legend.element);
    element.append(pane, priceAxis, timeAxis, canvas);
    element.tabIndex = 0;
    element.setAttribute("role", "application");
    element.setAttribute("aria-roledescription", "candlestick chart");
    this.axes = new AxisCanvas(canvas);
    this.markers = new Markers(element);
    this.flags = new Flags(pane);
    this.palette = paletteOf(element);
    this.listen(pane, priceAxis, timeAxis);
    this.stopObserving = observeDeviceSizes([element, pane], ([whole, inner]) =>
      this.resized(whole, inner),
    );
    this.host = new RendererHost(pane, options.renderer, options.loadShader, (renderer) =>
      this.adopt(renderer),
    );
    void this.host.start();
  }

  get rendererName(): RendererName | null {
    return this.host.current?.name ?? null;
  }

  /** Number of times the axis labels have been drawn. */
  get axisDraws(): number {
    return this.axes.draws;
  }

  /** Show another store, from its newest candle on. */
  show(store: CandleStore, title: string, intervalMs: number): void {
    this.store = store;
    this.intervalMs = intervalMs;
    this.seen = { generation: -1, appended: 0 };
    this.scale.auto = true;
    this.legend.setTitle(title);
    this.loop.request(Level.Layout);
  }

  /** The store has changed. */
  changed(): void {
    this.loop.request(Level.Data);
  }

  /** The ids of the series, in the order in which they were added. */
  get seriesIds(): string[] {
    return this.overlays.ids;
  }

  /**
   * Add a series, or replace the one with the same id: plots over the candles or in a pane of their
   * own. Its arrays are read at each frame: call this again when they have changed. Throws
   * RangeError if it cannot be drawn.
   */
  setSeries(id: string, series: Series): void {
    checkSeries(id, series);
    this.overlays.set(id, series);
    this.loop.request(Level.Data);
  }

  /** Remove a series; returns whether there was one with that id. */
  removeSeries(id: string): boolean {
    this.loop.request(Level.Data);
    return this.overlays.delete(id);
  }

  /** Replace the flags at candles. */
  setFlags(flags: readonly Flag[]): void {
    this.flags.set(flags);
    this.loop.request(Level.Cursor);
  }

  /** The page's colours have changed. */
  restyle(): void {
    this.palette = paletteOf(this.element);
    this.loop.request(Level.Layout);
  }

  setZone(zone: Zone): void {
    this.options.zone = zone;
    this.loop.request(Level.Layout);
  }

  dispose(): void {
    this.loop.stop();
    this.stopObserving();
    this.host.dispose();
    this.element.replaceChildren();
  }

  private listen(pane: HTMLElement, priceAxis: HTMLElement, timeAxis: HTMLElement): void {
    const actions = this.actions();
    listenToPane(pane, actions);
    listenToAxes(priceAxis, timeAxis, actions);
    listenToKeys(this.element, actions);
    this.latest.addEventListener("pointerdown", (event) => event.stopPropagation());
    this.latest.addEventListener("click", () => actions.goLatest());
  }

  private actions(): ChartActions {
    const move =
      <A extends unknown[]>(change: (...given: A) => void) =>
      (...given: A) => {
        change(...given);
        this.loop.request(Level.Data);
      };
    const { viewport, scale } = this;
    return {
      pan: move((dx: number, dy: number) => {
        viewport.pan(dx);
        if (!scale.auto && dy !== 0)
          scale.pan((dy * this.pane.ratio) / this.overlays.layout.height);
      }),
      zoom: move((x: number, factor: number) => viewport.zoom(x, factor)),
      zoomFollowing: move((factor: number) => viewport.zoomFollowing(factor)),
      zoomPrice: move((factor: number) => scale.zoom(factor)),
      autoPrice: move(() => {
        scale.auto = true;
      }),
      goLatest: move(() => viewport.goLatest()),
      goOldest: move(() => viewport.goOldest()),
      point: (at) => {
        this.cursor = at;
        this.loop.request(Level.Cursor);
      },
      step: (candles) => this.step(candles),
    };
  }

  private step(candles: number): void {
    const { geometry, store } = this;
    if (geometry === null || store === null || store.count === 0) return;
    const { ratio } = this.pane;
    const { height } = this.overlays.layout;
    const from = this.cursor === null ? store.count : candleAt(geometry, this.cursor.x * ratio);
    const index = Math.min(Math.max(from + candles * geometry.per, 0), store.count - 1);
    const y = rowOf(geometry, store.close.at(index) - store.base) / ratio;
    this.cursor = { x: this.columnOf(geometry, index) / ratio, y: Math.min(y, height / ratio) };
    this.loop.request(Level.Cursor);
  }

  private adopt(renderer: Renderer): void {
    if (this.pane.width > 0) renderer.resize(this.pane.width, this.pane.height);
    // A new renderer has no candles yet: the next frame uploads all of them.
    this.seen.generation = this.seen.generation === -1 ? -1 : -2;
    this.loop.request(Level.Layout);
  }

  private resized(whole: DeviceSize, inner: DeviceSize): void {
    const ratio = window.devicePixelRatio;
    this.pane = { width: Math.max(inner.width, 1), height: Math.max(inner.height, 1), ratio };
    this.viewport.resize(this.pane.width / ratio);
    this.host.current?.resize(this.pane.width, this.pane.height);
    this.axes.resize(whole.width, whole.height);
    // Resizing clears both canvases: draw now, before they are presented.
    this.axisKey = "";
    this.frame(Level.Layout);
  }

  private frame(level: Level): void {
    const { store } = this;
    if (store === null || this.pane.width === 0) return;
    if (level >= Level.Data) this.drawPane(store, level);
    this.drawMarkers(store);
    this.frames++;
    this.options.onFrame?.(this);
  }

  private drawPane(store: CandleStore, level: Level): void {
    const renderer = this.host.current;
    const uploadAll = this.follow(store);
    const { overlays, pane, palette } = this;
    const room = overlays.divide(pane);
    const geometry = layOut(store, this.viewport, this.scale, room, (extent, first, last) =>
      overlays.stretch(store, extent, first, last),
    );
    this.geometry = geometry;
    overlays.fit(store, geometry);
    this.updateAxes(store, geometry, level === Level.Layout);
    overlays.draw(store, geometry, pane, { palette, grid: this.grid });
    if (renderer === null) return;
    const { from, to, all } = store.takeDirty();
    const records = { data: store.records, count: store.count };
    if (all || uploadAll) renderer.upload(records, 0, store.count);
    else renderer.upload(records, from, to);
    const { per, first, last } = geometry;
    renderer.draw({
      view: this.view,
      background: palette.background,
      grid: this.grid,
      gridVersion: this.gridVersion,
      under: overlays.under,
      over: overlays.over,
      per,
      first,
      last,
      dashes: fillView(this.view, geometry, pane.height, palette, lastPrice(store)),
    });
  }

  /** Move the view with the store; returns whether the renderer needs all candles again. */
  private follow(store: CandleStore): boolean {
    const { generation, appended } = this.seen;
    this.seen = { generation: store.generation, appended: store.appended };
    if (generation === store.generation) {
      this.viewport.setCount(store.count, store.appended - appended);
      return false;
    }
    this.viewport.setCount(store.count, 0);
    if (generation === -1 && store.count > 0) this.viewport.fit();
    else if (generation === -1) this.seen.generation = -1;
    return true;
  }

  private updateAxes(store: CandleStore, geometry: Geometry, force: boolean): void {
    const key = this.keyOf(store, geometry);
    if (key === this.axisKey && !force) return;
    this.axisKey = key;
    const { ratio } = this.pane;
    const { zone } = this.options;
    const axes: Axes =
      store.count === 0
        ? { prices: [], times: [], panes: [] }
        : placeAxes(store, geometry, { intervalMs: this.intervalMs, ratio, zone });
    axes.panes = this.overlays.labels(ratio);
    this.grid = gridOf(axes, geometry, this.palette);
    this.gridVersion++;
    this.axes.draw(axes, this.pane, this.overlays.layout, this.palette);
    const width = `${this.axes.widthFor(axes, ratio)}px`;
    const { style } = this.element;
    if (style.getPropertyValue("--axis-width") !== width) style.setProperty("--axis-width", width);
    this.latest.hidden = this.viewport.following;
  }

  /** A key that changes whenever a label or line of the axes moves. */
  private keyOf(store: CandleStore, geometry: Geometry): string {
    const { top, pxPerUnit, first, offset, slot } = geometry;
    const start = store.time[first * geometry.per];
    return `${top + store.base} ${pxPerUnit} ${first} ${offset} ${slot} ${start} ${store.decimals} ${this.overlays.key()}`;
  }

  private drawMarkers(store: CandleStore): void {
    const { geometry } = this;
    if (geometry === null) return;
    const { ratio } = this.pane;
    const { height } = this.overlays.layout;
    const last = lastPrice(store);
    if (last === null) this.markers.hideLast();
    else {
      const text = store.format(last.price + store.base);
      const y = rowOf(geometry, last.price) / ratio;
      this.markers.showLast(y, text, last.rising, height / ratio);
    }
    this.flags.place(store, this.intervalMs, {
      first: geometry.first * geometry.per,
      last: geometry.last * geometry.per,
      x: (index) => this.columnOf(geometry, index) / ratio,
      y: (price) => rowOf(geometry, price - store.base) / ratio,
    });
    this.drawCross(store, geometry);
  }

  private drawCross(store: CandleStore, geometry: Geometry): void {
    const { cursor } = this;
    if (cursor === null || store.count === 0) {
      this.markers.hideCross();
      this.showLegends(store, store.count - 1);
      return;
    }
    const { ratio, width } = this.pane;
    const index = candleAt(geometry, cursor.x * ratio);
    const held = index >= 0 && index < store.count;
    const price = geometry.top + store.base - (cursor.y * ratio) / geometry.pxPerUnit;
    const step = store.tickUnits;
    const time = held ? full(store.time[index], this.options.zone, this.intervalMs) : "";
    this.markers.showCross(
      { x: this.columnOf(geometry, index) / ratio, y: cursor.y },
      this.overlays.readingAt(cursor.y * ratio) ?? store.format(Math.round(price / step) * step),
      time,
      { width: width / ratio },
    );
    this.showLegends(store, held ? index : store.count - 1);
  }

  private showLegends(store: CandleStore, index: number): void {
    this.legend.show(store, index);
    this.overlays.show(store, index);
  }

  private columnOf({ per, first, offset, slot }: Geometry, index: number): number {
    const bucket = Math.floor(index / per) - first;
    return toColumn(bucket, Math.fround(offset), Math.fround(slot));
  }
}

function lastPrice({ count, open, close, base }: CandleStore): LastPrice | null {
  if (count === 0) return null;
  return { price: close.at(count - 1) - base, rising: close.at(count - 1) >= open.at(count - 1) };
}
