import type { Zone } from "../format/zone";
import type { CandleStore } from "../store/candle-store";
import type { Watcher } from "../store/changes";
import { Annotations, lastPrice } from "./annotations";
import { AxisView } from "./axis-view";
import { Coordinates } from "./coordinates";
import type { Point } from "./crosshair";
import { layOut, type PaneSize } from "./geometry";
import type { ChartActions } from "./input";
import { FrameLoop, Level } from "./invalidate";
import { Layers } from "./layers";
import { Legend } from "./legend";
import type { LogRecords } from "./log-records";
import type { PriceMapping } from "./price-mapping";
import { PriceScale, type ScaleKind } from "./price-scale";
import { RendererHost } from "./renderers/host";
import type { Renderer, RendererName } from "./renderers/renderer";
import { type DeviceSize, observeDeviceSizes } from "./resize";
import type { Scaffold } from "./scaffold";
import { fillView, type Geometry, VIEW_FLOATS } from "./scene";
import { SeriesHost } from "./series-host";
import { applyTheme, paletteOf, type Theme } from "./theme";
import { Viewport } from "./viewport";

const DAY_MS = 86_400_000;

export interface ViewOptions {
  renderer: RendererName | null;
  zone: Zone;
  theme: Theme;
  scale: ScaleKind;
  /** Called before the first frame in a place with a size. */
  onPlaced(): void;
  /** Called after each frame, and when the renderer changes. */
  onFrame(): void;
  /** Called when the pointer or a key has moved the crosshair. */
  onPoint(at: Point | null): void;
  onClick(at: Point): void;
  /** Called with a sentence if something cannot be drawn as it was asked for. */
  onFailure(reason: string): void;
}

/** The candles that a view shows. */
export interface Shown {
  store: CandleStore;
  title: string;
  intervalMs: number;
}

/** Draws candles, axes and annotations, and moves with the pointer and the keys. */
export class ChartView {
  readonly viewport = new Viewport();
  readonly scale = new PriceScale();
  readonly series: SeriesHost;
  readonly layers = new Layers();
  readonly annotations: Annotations;
  frames = 0;
  /** Conversions as of the last frame; null before the first. */
  coordinates: Coordinates | null = null;
  private store: CandleStore;
  private intervalMs: number;
  private watcher: Watcher;
  private seen = { generation: -1, appended: 0 };
  private uploadAll = true;
  /** The mapping of the records that the renderer has. */
  private uploaded: PriceMapping | null = null;
  private logRecords: LogRecords | null = null;
  private pane: PaneSize = { width: 0, height: 0, ratio: 1 };
  private palette;
  private cursor: Point | null = null;
  /** A movement of the view that was asked for, which holds until the view moves otherwise. */
  private held: (() => void) | null = null;
  private isHeldDue = false;
  private fault: string | null = null;
  private readonly uniform = new Float32Array(VIEW_FLOATS);
  private readonly loop = new FrameLoop((level) => this.frame(level));
  private readonly host: RendererHost;
  private readonly axes: AxisView;
  private readonly stopObserving: () => void;

  constructor(
    private readonly scaffold: Scaffold,
    private readonly options: ViewOptions,
    shown: Shown,
  ) {
    const { root, pane } = scaffold;
    this.store = shown.store;
    this.intervalMs = shown.intervalMs;
    this.watcher = this.watch();
    this.palette = paletteOf(options.theme);
    const legend = new Legend();
    this.series = new SeriesHost(
      { pane, legend: legend.element },
      () => this.request(Level.Layout),
      options.onFailure,
    );
    this.annotations = new Annotations(scaffold, legend, this.series, this.layers);
    this.annotations.legend.setTitle(shown.title);
    this.axes = new AxisView(scaffold, this.series);
    applyTheme(root, options.theme);
    void this.listen();
    this.stopObserving = observeDeviceSizes([root, pane], ([whole, inner]) =>
      this.resized(whole, inner),
    );
    this.host = new RendererHost(
      pane,
      options.renderer,
      (renderer) => this.adopt(renderer),
      options.onFailure,
    );
    void this.host.start();
    this.setScale(options.scale);
  }

  get rendererName(): RendererName | null {
    return this.host.current?.name ?? null;
  }

  /** Number of times the axis labels have been drawn. */
  get axisDraws(): number {
    return this.axes.draws;
  }

  /** Show other candles, from the newest one on. */
  show({ store, title, intervalMs }: Shown): void {
    this.watcher.stop();
    this.store = store;
    this.intervalMs = intervalMs;
    this.watcher = this.watch();
    this.seen = { generation: -1, appended: 0 };
    this.held = null;
    this.scale.auto = true;
    this.fault = null;
    this.annotations.legend.setTitle(title);
    this.request(Level.Layout);
  }

  /** Ask for a frame. */
  request(level: Level): void {
    this.loop.request(level);
  }

  /** Draw at once, without the crosshair; returns the canvas of the candles while it is drawn. */
  redraw(): HTMLCanvasElement | null {
    const { cursor } = this;
    this.cursor = null;
    this.frame(Level.Layout);
    this.cursor = cursor;
    this.request(Level.Cursor);
    return this.host.current?.canvas ?? null;
  }

  /**
   * Run `move`, which moves the view, as soon as there are candles and a pane to show them, and
   * again when the pane's size changes, until the view moves otherwise.
   */
  moveView(move: () => void): void {
    this.held = move;
    this.isHeldDue = true;
    if (this.pane.width > 0) this.follow();
    this.request(Level.Data);
  }

  /** Choose the scale of the prices; one that fitted fits again. */
  setScale(kind: ScaleKind): void {
    this.scale.kind = kind;
    if (kind === "log") void this.loadLog();
    this.request(Level.Layout);
  }

  private async loadLog(): Promise<void> {
    if (this.logRecords !== null) return;
    try {
      const { logMapping, LogRecords } = await import("./log-scale");
      this.scale.logMapping = logMapping;
      this.logRecords = new LogRecords();
      this.request(Level.Layout);
    } catch (error) {
      this.options.onFailure(`A log scale cannot be drawn: ${String(error)}`);
    }
  }

  setTheme(theme: Theme): void {
    this.palette = paletteOf(theme);
    applyTheme(this.scaffold.root, theme);
    this.request(Level.Layout);
  }

  setZone(zone: Zone): void {
    this.options.zone = zone;
    this.request(Level.Layout);
  }

  dispose(): void {
    this.loop.stop();
    this.watcher.stop();
    this.stopObserving();
    this.host.dispose();
    this.scaffold.root.remove();
  }

  /** Daily candles bear the date of their trading day, wherever they are looked at. */
  private get zone(): Zone {
    return this.intervalMs >= DAY_MS ? "utc" : this.options.zone;
  }

  private watch(): Watcher {
    return this.store.watch(() => this.request(Level.Data));
  }

  private async listen(): Promise<void> {
    const { root, pane, priceAxis, timeAxis, latest } = this.scaffold;
    const actions = this.actions();
    latest.addEventListener("pointerdown", (event) => event.stopPropagation());
    latest.addEventListener("click", () => actions.goLatest());
    // On demand, as the renderer is, without which there is nothing to drag.
    const { listenToAxes, listenToKeys, listenToPane } = await import("./input");
    listenToPane(pane, actions);
    listenToAxes(priceAxis, timeAxis, actions);
    listenToKeys(root, actions);
  }

  private actions(): ChartActions {
    const move =
      <A extends unknown[]>(change: (...given: A) => void) =>
      (...given: A) => {
        this.held = null;
        change(...given);
        this.request(Level.Data);
      };
    const { viewport, scale, layers } = this;
    return {
      pan: move((dx: number, dy: number) => {
        viewport.pan(dx);
        if (!scale.auto && dy !== 0) scale.pan((dy * this.pane.ratio) / this.series.layout.height);
      }),
      zoom: move((x: number, factor: number) => viewport.zoom(x, factor)),
      zoomFollowing: move((factor: number) => viewport.zoomFollowing(factor)),
      zoomPrice: move((factor: number) => scale.zoom(factor)),
      autoPrice: move(() => {
        scale.auto = true;
      }),
      goLatest: move(() => viewport.goLatest()),
      goOldest: move(() => viewport.goOldest()),
      point: (at) => this.point(at),
      press: (at, event) => layers.press(at, event),
      click: (at) => this.options.onClick(at),
      step: (candles) => this.step(candles),
    };
  }

  private point(at: Point | null): void {
    this.cursor = at;
    const cursor = at === null ? null : this.layers.cursorAt(at);
    const { style } = this.scaffold.pane;
    if (style.cursor !== (cursor ?? "")) style.cursor = cursor ?? "";
    this.options.onPoint(at);
    this.request(Level.Cursor);
  }

  /** Move the crosshair by whole candles, to the close. */
  private step(candles: number): void {
    const { coordinates, store, cursor } = this;
    if (coordinates === null || store.count === 0) return;
    const { ratio, geometry } = coordinates;
    const from = cursor === null ? store.count : coordinates.xToIndex(cursor.x);
    const index = Math.min(Math.max(from + candles * geometry.per, 0), store.count - 1);
    const y = coordinates.rowOf(store.close.at(index)) / ratio;
    const height = this.series.layout.height / ratio;
    this.point({ x: coordinates.columnOf(index) / ratio, y: Math.min(y, height) });
  }

  private adopt(renderer: Renderer): void {
    if (this.pane.width > 0) renderer.resize(this.pane.width, this.pane.height);
    this.uploadAll = true;
    this.request(Level.Layout);
  }

  private resized(whole: DeviceSize, inner: DeviceSize): void {
    // Hidden, or out of the document: what is drawn stays for the return.
    if (whole.width === 0 || whole.height === 0) return;
    this.options.onPlaced();
    const ratio = window.devicePixelRatio;
    this.pane = { width: Math.max(inner.width, 1), height: Math.max(inner.height, 1), ratio };
    this.viewport.resize(this.pane.width / ratio);
    this.isHeldDue = true;
    this.host.current?.resize(this.pane.width, this.pane.height);
    this.axes.resize(whole);
    // Resizing clears both canvases: draw now, before they are presented.
    this.frame(Level.Layout);
  }

  private frame(level: Level): void {
    if (this.pane.width === 0) return;
    if (level >= Level.Data) this.drawPane(level);
    const { coordinates, pane, cursor } = this;
    if (coordinates === null) return;
    this.annotations.place({ coordinates, pane, cursor, zone: this.zone });
    this.frames++;
    this.options.onFrame();
  }

  private drawPane(level: Level): void {
    this.follow();
    const { series, pane, palette, store, axes, layers } = this;
    const room = series.divide(pane);
    const geometry = layOut(store, this.viewport, this.scale, room, (...given) =>
      series.stretch(store, ...given),
    );
    this.tellFault();
    const coordinates = new Coordinates(store, geometry, this.intervalMs, pane.ratio);
    this.coordinates = coordinates;
    series.fit(store, geometry);
    axes.update(coordinates, pane, { palette, zone: this.zone }, level === Level.Layout);
    this.scaffold.latest.hidden = this.viewport.following;
    series.draw(store, geometry, pane, { palette, grid: axes.grid });
    const { under, over } = series;
    layers.draw({ under, over, coordinates, palette, width: pane.width, height: room.height });
    if (this.host.current !== null) this.render(this.host.current, geometry);
  }

  private tellFault(): void {
    const { fault } = this.scale;
    if (fault !== this.fault && fault !== null) this.options.onFailure(fault);
    this.fault = fault;
  }

  private render(renderer: Renderer, geometry: Geometry): void {
    const { store, axes, series, palette } = this;
    this.upload(renderer, geometry.mapping);
    const { per, first, last } = geometry;
    renderer.draw({
      view: this.uniform,
      background: palette.background,
      grid: axes.grid,
      gridVersion: axes.gridVersion,
      under: series.under,
      over: series.over,
      per,
      first,
      last,
      dashes: fillView(this.uniform, geometry, this.pane.height, palette, lastPrice(store)),
    });
  }

  /** Give the renderer the records that have changed. */
  private upload(renderer: Renderer, mapping: PriceMapping): void {
    const { store, uploaded, logRecords } = this;
    const changed = this.watcher.take();
    const isSame = mapping.kind === uploaded?.kind && mapping.base === uploaded.base;
    const isAll = changed.all || this.uploadAll || !isSame;
    const [from, to] = isAll ? [0, store.count] : [changed.from, changed.to];
    const records =
      mapping.kind === "log" && logRecords !== null
        ? logRecords.map(store, mapping, from, to)
        : { data: store.records, count: store.count };
    renderer.upload(records, from, to);
    this.uploadAll = false;
    this.uploaded = mapping;
  }

  /** Move the view with the store. */
  private follow(): void {
    const { store, viewport } = this;
    const { generation, appended } = this.seen;
    this.seen = { generation: store.generation, appended: store.appended };
    if (generation === store.generation) {
      if (store.appended !== appended && !this.isHeldDue) this.held = null;
      viewport.setCount(store.count, store.appended - appended);
    } else {
      this.uploadAll = true;
      viewport.setCount(store.count, 0);
      if (generation === -1 && store.count > 0) viewport.fit();
      else if (generation === -1) this.seen.generation = -1;
    }
    if (this.isHeldDue && store.count > 0) {
      this.held?.();
      this.isHeldDue = false;
    }
  }
}
