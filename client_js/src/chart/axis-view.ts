import type { Zone } from "../format/zone";
import { type Axes, gridOf, placeAxes } from "./axes";
import { AxisCanvas } from "./axis-canvas";
import type { Palette } from "./color";
import type { Coordinates } from "./coordinates";
import type { PaneSize } from "./geometry";
import type { DeviceSize } from "./resize";
import type { Scaffold } from "./scaffold";
import type { Rect } from "./scene";
import type { SeriesHost } from "./series-host";

/** The axes and the grid, which are drawn only when they move. */
export class AxisView {
  grid: Rect[] = [];
  /** Changes with the grid. */
  gridVersion = 0;
  private key = "";
  private readonly canvas: AxisCanvas;

  constructor(
    private readonly scaffold: Scaffold,
    private readonly series: SeriesHost,
  ) {
    this.canvas = new AxisCanvas(scaffold.canvas);
  }

  /** Number of times the axis labels have been drawn. */
  get draws(): number {
    return this.canvas.draws;
  }

  /** Set the size of the whole chart; clears the axes. */
  resize({ width, height }: DeviceSize): void {
    this.canvas.resize(width, height);
    this.key = "";
  }

  /** Draw the axes if a label or line has moved, or `force`. */
  update(
    coordinates: Coordinates,
    pane: PaneSize,
    look: { palette: Palette; zone: Zone },
    force: boolean,
  ): void {
    const key = keyOf(coordinates) + this.series.key();
    if (key === this.key && !force) return;
    this.key = key;
    const { store, geometry, intervalMs, ratio } = coordinates;
    const axes: Axes =
      store.count === 0
        ? { prices: [], times: [], panes: [] }
        : placeAxes(store, geometry, { intervalMs, ratio, zone: look.zone });
    axes.panes = this.series.labels(ratio);
    this.grid = gridOf(axes, geometry, look.palette);
    this.gridVersion++;
    this.canvas.draw(axes, pane, this.series.layout, look.palette);
    const width = `${this.canvas.widthFor(axes, ratio)}px`;
    const { style } = this.scaffold.root;
    if (style.getPropertyValue("--axis-width") !== width) style.setProperty("--axis-width", width);
  }
}

/** A key that changes whenever a label or line of the candles' axes moves. */
function keyOf({ store, geometry }: Coordinates): string {
  const { top, pxPerUnit, first, offset, slot, per, mapping, reference } = geometry;
  const prices = `${top + mapping.base} ${pxPerUnit} ${reference}`;
  const start = store.time[first * per];
  return `${prices} ${first} ${offset} ${slot} ${start} ${store.decimals} `;
}
