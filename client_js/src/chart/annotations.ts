import { full } from "../format/time";
import type { Zone } from "../format/zone";
import type { CandleStore } from "../store/candle-store";
import type { Coordinates } from "./coordinates";
import { Crosshair, type Point } from "./crosshair";
import type { PaneSize } from "./geometry";
import type { Legend } from "./legend";
import { readPoint } from "./magnet";
import type { MarkerHost } from "./marker-host";
import { axisText } from "./price-text";
import type { Scaffold } from "./scaffold";
import { type LastPrice, rowOf } from "./scene";
import type { SeriesHost } from "./series-host";

/** The state that the annotations of one frame are drawn from. */
export interface AnnotationFrame {
  coordinates: Coordinates;
  pane: PaneSize;
  cursor: Point | null;
  zone: Zone;
  /** True while the crosshair goes to the prices of its candle. */
  magnet: boolean;
}

/** The elements above the canvases: legends, markers, and labels on the axes. */
export class Annotations {
  private readonly crosshair: Crosshair;

  constructor(
    { root, pane }: Scaffold,
    private readonly legend: Legend,
    private readonly series: SeriesHost,
    private readonly markers: MarkerHost,
  ) {
    pane.append(legend.element);
    this.crosshair = new Crosshair(root);
  }

  /** Place everything for a frame. */
  place(frame: AnnotationFrame): void {
    const { coordinates } = frame;
    this.placeLast(coordinates);
    this.markers.place(coordinates);
    this.placeCross(frame);
  }

  private placeLast({ store, geometry, ratio }: Coordinates): void {
    const last = lastPrice(store);
    if (last === null) {
      this.crosshair.hideLast();
      return;
    }
    const text = axisText(store, geometry, last.price);
    const height = this.series.layout.height / ratio;
    this.crosshair.showLast(rowOf(geometry, last.price) / ratio, text, last.rising, height);
  }

  private placeCross({ coordinates, cursor, pane, zone, magnet }: AnnotationFrame): void {
    const { store, ratio, intervalMs } = coordinates;
    if (cursor === null || store.count === 0) {
      this.crosshair.hideCross();
      this.showLegends(store, store.count - 1);
      return;
    }
    const index = coordinates.xToIndex(cursor.x);
    const held = index >= 0 && index < store.count;
    const { y, units } = readPoint(cursor, coordinates, magnet);
    this.crosshair.showCross(
      { x: coordinates.columnOf(index) / ratio, y },
      this.series.readingAt(y * ratio) ?? coordinates.axisText(units),
      held ? full(store.time[index], zone, intervalMs) : "",
      { width: pane.width / ratio },
    );
    this.showLegends(store, held ? index : store.count - 1);
  }

  private showLegends(store: CandleStore, index: number): void {
    this.legend.show(store, index);
    this.series.show(store, index);
  }
}

/** The newest candle's close; null if there is none. */
export function lastPrice({ count, open, close }: CandleStore): LastPrice | null {
  if (count === 0) return null;
  return { price: close.at(count - 1), rising: close.at(count - 1) >= open.at(count - 1) };
}
