import { setHidden } from "../dom";
import type { Zone } from "../format/zone";
import type { CandleStore } from "../store/candle-store";
import { lastPrice } from "./annotations";
import { AxisView } from "./axis-view";
import type { Palette } from "./color";
import { Coordinates } from "./coordinates";
import { layOut, type PaneSize } from "./geometry";
import type { Layers } from "./layers";
import type { PriceScale } from "./price-scale";
import type { RecordUploads } from "./record-uploads";
import type { RendererHost } from "./renderers/host";
import type { Renderer } from "./renderers/renderer";
import type { DeviceSize } from "./resize";
import type { Scaffold } from "./scaffold";
import { fillView, type Geometry, VIEW_FLOATS } from "./scene";
import type { SeriesHost } from "./series-host";
import type { Viewport } from "./viewport";

/** The state that the pane of one frame is drawn from. */
export interface PaneFrame {
  store: CandleStore;
  intervalMs: number;
  viewport: Viewport;
  scale: PriceScale;
  pane: PaneSize;
  palette: Palette;
  zone: Zone;
}

/** The pane with candles, series and layers, and the axes beside it. */
export class PaneView {
  readonly axes: AxisView;
  private readonly uniform = new Float32Array(VIEW_FLOATS);

  constructor(
    private readonly scaffold: Scaffold,
    private readonly series: SeriesHost,
    private readonly layers: Layers,
    private readonly uploads: RecordUploads,
    private readonly host: RendererHost,
  ) {
    this.axes = new AxisView(scaffold, series);
  }

  /** Set the sizes of the pane and of the whole chart; clears both. */
  resize({ width, height }: DeviceSize, whole: DeviceSize): void {
    this.host.current?.resize(width, height);
    this.axes.resize(whole);
  }

  /** Draw the pane, and the axes if they have moved or `isAll`; returns where everything lies. */
  draw(frame: PaneFrame, isAll: boolean): Coordinates {
    const { store, intervalMs, viewport, scale, pane, palette, zone } = frame;
    const { series, layers, axes } = this;
    const room = series.divide(pane);
    const geometry = layOut(store, viewport, scale, room, (extent, sight) =>
      layers.stretch(series.stretch(extent, sight), sight),
    );
    const coordinates = new Coordinates(store, geometry, intervalMs, pane.ratio);
    series.fit(store, geometry);
    axes.update(coordinates, pane, { palette, zone }, isAll);
    setHidden(this.scaffold.latest, viewport.following);
    series.draw(store, geometry, pane, { palette, grid: axes.grid });
    const { under, over } = series;
    const { width } = pane;
    layers.draw({ under, over, coordinates, palette, width, height: room.height });
    if (this.host.current !== null) this.render(this.host.current, geometry, frame);
    return coordinates;
  }

  private render(renderer: Renderer, geometry: Geometry, frame: PaneFrame): void {
    const { store, pane, palette } = frame;
    const { axes, series } = this;
    this.uploads.upload(renderer, geometry.mapping);
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
      dashes: fillView(this.uniform, geometry, pane.height, palette, lastPrice(store)),
    });
  }
}
