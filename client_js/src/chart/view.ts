import type { Zone } from "../format/zone";
import type { CandleStore } from "../store/candle-store";
import type { Added } from "./added";
import { Annotations } from "./annotations";
import type { Coordinates } from "./coordinates";
import type { CrosshairPlace, Point } from "./crosshair";
import { Follower } from "./follower";
import type { PaneSize } from "./geometry";
import { FrameLoop, Level } from "./invalidate";
import { type ChartLayer, Layers } from "./layers";
import { Legend } from "./legend";
import { MarkerHost } from "./marker-host";
import type { Movable } from "./movement";
import { type ResolvedSource, titleOf } from "./options";
import { PaneView } from "./pane-view";
import { PriceScale, type ScaleKind } from "./price-scale";
import { RecordUploads } from "./record-uploads";
import { RendererHost } from "./renderers/host";
import type { Renderer, RendererName } from "./renderers/renderer";
import { type DeviceSize, observeDeviceSizes } from "./resize";
import type { Scaffold } from "./scaffold";
import { SeriesHost } from "./series-host";
import { applyTheme, paletteOf, type Theme } from "./theme";
import { Viewport } from "./viewport";

const DAY_MS = 86_400_000;

export interface ViewOptions {
  renderer: RendererName | null;
  zone: Zone;
  theme: Theme;
  scale: ScaleKind;
  kineticPan: boolean;
  magnet: boolean;
  /** Heights of panes that have been chosen, as shares of the chart's. */
  heights: Map<string, number>;
  /** Called before the first frame in a place with a size. */
  onPlaced(): void;
  /** Called after each frame, and when the renderer changes. */
  onFrame(): void;
  /** Called when the pointer or a key has moved the crosshair. */
  onPoint(at: Point | null): void;
  onClick(at: Point): void;
  /** Called when the user has moved the border of a pane. */
  onPanes(): void;
  /** Called with a sentence if something cannot be drawn as it was asked for. */
  onFailure(reason: string): void;
}

/** Draws candles, axes and annotations, and moves with the pointer and the keys. */
export class ChartView implements Movable {
  readonly viewport = new Viewport();
  readonly scale = new PriceScale();
  readonly layers = new Layers();
  readonly series: SeriesHost;
  readonly markers: MarkerHost;
  readonly host: RendererHost;
  frames = 0;
  coordinates: Coordinates | null = null;
  cursor: Point | null = null;
  private store: CandleStore;
  private intervalMs: number;
  private pane: PaneSize = { width: 0, height: 0, ratio: 1 };
  private palette;
  private fault: string | null = null;
  /** Ends a glide of the view. */
  private still = (): void => {};
  private readonly legend = new Legend();
  private readonly loop = new FrameLoop((level) => this.frame(level));
  private readonly follower = new Follower(this.viewport);
  private readonly uploads: RecordUploads;
  private readonly paneView: PaneView;
  private readonly annotations: Annotations;
  private readonly movement: Promise<typeof import("./movement")>;
  private readonly stopObserving: () => void;

  constructor(
    private readonly scaffold: Scaffold,
    private readonly options: ViewOptions,
    source: ResolvedSource,
  ) {
    const { root, pane } = scaffold;
    const { legend, layers } = this;
    const { renderer, theme, onFailure } = options;
    const request = (level: Level) => this.request(level);
    this.store = source.store;
    this.intervalMs = source.intervalMs;
    this.palette = paletteOf(theme);
    const places = { pane, legend: legend.element };
    this.series = new SeriesHost(places, options.heights, request, options.onPanes, onFailure);
    this.markers = new MarkerHost(scaffold, layers, request, onFailure);
    this.uploads = new RecordUploads(this.store, () => request(Level.Data));
    this.host = new RendererHost(pane, renderer, (ready) => this.adopt(ready), onFailure);
    this.paneView = new PaneView(scaffold, this.series, layers, this.uploads, this.host);
    this.annotations = new Annotations(scaffold, legend, this.series, this.markers);
    this.setTitle(source);
    applyTheme(root, theme);
    // On demand, as the renderer is, without which there is nothing to drag.
    this.movement = import("./movement");
    void this.movement.then(({ listen }) => {
      this.still = listen(scaffold, this, options.kineticPan);
    });
    this.stopObserving = observeDeviceSizes([root, pane], ([whole, inner]) =>
      this.resized(whole, inner),
    );
    this.host.start();
    this.setScale(options.scale);
  }

  get rendererName(): RendererName | null {
    return this.host.current?.name ?? null;
  }

  /** Number of times the axis labels have been drawn. */
  get axisDraws(): number {
    return this.paneView.axes.draws;
  }

  /** Show other candles, from the newest one on. */
  show(source: ResolvedSource): void {
    this.still();
    this.store = source.store;
    this.intervalMs = source.intervalMs;
    this.uploads.show(this.store);
    this.follower.restart();
    this.scale.auto = true;
    this.fault = null;
    this.setTitle(source);
    this.request(Level.Layout);
  }

  setTitle(source: ResolvedSource): void {
    this.legend.setTitle(titleOf(source));
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
    this.still();
    this.follower.hold(move);
    if (this.pane.width > 0) this.follower.follow(this.store);
    this.request(Level.Data);
  }

  /** Draw a layer, above those before it. */
  addLayer(layer: ChartLayer): Added & { redraw(): void } {
    const { layers } = this;
    const redraw = () => this.request(Level.Data);
    layers.all.add(layer);
    redraw();
    return {
      redraw,
      remove: () => {
        layers.all.delete(layer);
        redraw();
      },
    };
  }

  moved(): void {
    this.follower.release();
    this.request(Level.Data);
  }

  /** Place the crosshair at a time and price, and tell nobody. */
  place(at: CrosshairPlace | null): void {
    void this.movement.then(({ place }) => place(this, at));
  }

  setCursor(at: Point | null): void {
    this.cursor = at;
    this.request(Level.Cursor);
  }

  point(at: Point | null): void {
    this.setCursor(at);
    this.options.onPoint(at);
  }

  click(at: Point): void {
    this.options.onClick(at);
  }

  /** Choose the scale of the prices; one that fitted fits again. */
  setScale(kind: ScaleKind): void {
    this.scale.kind = kind;
    const redraw = () => this.request(Level.Layout);
    redraw();
    if (kind !== "log") return;
    this.uploads.loadLog(this.scale).then(redraw, (error) => {
      this.options.onFailure(`A log scale cannot be drawn: ${String(error)}`);
    });
  }

  /** True while the crosshair goes to the prices of its candle. */
  get magnet(): boolean {
    return this.options.magnet;
  }

  setMagnet(isOn: boolean): void {
    this.options.magnet = isOn;
    this.request(Level.Cursor);
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
    this.still();
    this.loop.stop();
    this.uploads.stop();
    this.stopObserving();
    this.host.dispose();
    this.scaffold.root.remove();
  }

  /** Daily candles bear the date of their trading day, wherever they are looked at. */
  private get zone(): Zone {
    return this.intervalMs >= DAY_MS ? "utc" : this.options.zone;
  }

  private adopt(renderer: Renderer): void {
    if (this.pane.width > 0) renderer.resize(this.pane.width, this.pane.height);
    this.uploads.restart();
    this.request(Level.Layout);
  }

  private resized(whole: DeviceSize, inner: DeviceSize): void {
    // Hidden, or out of the document: what is drawn stays for the return.
    if (whole.width === 0 || whole.height === 0) return;
    this.options.onPlaced();
    const ratio = window.devicePixelRatio;
    this.pane = { width: Math.max(inner.width, 1), height: Math.max(inner.height, 1), ratio };
    this.follower.resize(this.pane.width / ratio);
    this.paneView.resize(this.pane, whole);
    // Resizing clears both canvases: draw now, before they are presented.
    this.frame(Level.Layout);
  }

  private frame(level: Level): void {
    if (this.pane.width === 0) return;
    if (level >= Level.Data) this.drawPane(level === Level.Layout);
    const { coordinates, pane, cursor, zone, magnet } = this;
    if (coordinates === null) return;
    this.annotations.place({ coordinates, pane, cursor, zone, magnet });
    this.frames++;
    this.options.onFrame();
  }

  private drawPane(isAll: boolean): void {
    const { store, intervalMs, viewport, scale, pane, palette, zone } = this;
    this.follower.follow(store);
    const frame = { store, intervalMs, viewport, scale, pane, palette, zone };
    this.coordinates = this.paneView.draw(frame, isAll);
    const { fault } = scale;
    if (fault !== this.fault && fault !== null) this.options.onFailure(fault);
    this.fault = fault;
  }
}
