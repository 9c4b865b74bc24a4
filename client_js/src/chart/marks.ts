import type { Coordinates } from "./coordinates";
import type { Layers } from "./layers";
import { type Marker, Markers } from "./markers";
import { PriceLabels } from "./price-labels";

/** Markers on candles, and the labels of layers on the price axis. */
export class Marks {
  private readonly markers: Markers;
  private readonly labels: PriceLabels;

  constructor(
    { root, pane }: { root: HTMLElement; pane: HTMLElement },
    private readonly layers: Layers,
  ) {
    this.markers = new Markers(pane);
    this.labels = new PriceLabels(root);
  }

  /** Place those in sight. */
  place(markers: readonly Marker[], coordinates: Coordinates): void {
    const labels = [...this.layers.all].flatMap((layer) => layer.priceLabels?.() ?? []);
    this.labels.show(labels, coordinates);
    this.markers.place(markers, coordinates);
  }
}
