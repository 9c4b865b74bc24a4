import type { CandleStore } from "../store/candle-store";
import type { Extent } from "../store/range-index";
import type { PaneSize } from "./geometry";
import type { Look, Overlays } from "./overlays";
import type { PriceMapping } from "./price-mapping";
import { RectBatch } from "./rect-batch";
import type { Geometry } from "./scene";
import type { Series } from "./series";
import type { PaneLabel, PaneLayout } from "./sub-panes";

/** The elements that legends of series are put into. */
export interface LegendPlaces {
  pane: HTMLElement;
  /** The legend of the candles. */
  legend: HTMLElement;
}

/**
 * The series of a chart and its panes below the candles. Most charts have none: the code that draws
 * them is loaded with the first.
 */
export class SeriesHost {
  /** Rectangles under the candles, and over them. */
  readonly under = new RectBatch();
  readonly over = new RectBatch();
  /** Panes that are there without a series, too, and their shares of the height. */
  readonly panes = new Map<string, number | null>();
  readonly series = new Map<string, Series>();
  private overlays: Overlays | null = null;
  private loading = false;
  private room: PaneLayout = { height: 1, line: 1, panes: [] };

  /** `onLoad` is called when the series can be drawn, `onFailure` with why they cannot be. */
  constructor(
    private readonly places: LegendPlaces,
    private readonly onLoad: () => void,
    private readonly onFailure: (reason: string) => void,
  ) {}

  get layout(): PaneLayout {
    return this.overlays?.layout ?? this.room;
  }

  /** Load the code that draws series. */
  async load(): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    try {
      const { Overlays } = await import("./overlays");
      this.overlays = new Overlays(this, this.places);
      this.onLoad();
    } catch (error) {
      this.loading = false;
      this.onFailure(`Series cannot be drawn: ${String(error)}`);
    }
  }

  /** Divide the pane; returns the candles' part of it. */
  divide(pane: PaneSize): PaneSize {
    const { height, ratio } = pane;
    this.room = { height, line: Math.max(Math.floor(ratio), 1), panes: [] };
    return this.overlays?.divide(pane) ?? pane;
  }

  /** The extent of candles `first` to `last` (exclusive), stretched to the lines over them. */
  stretch(
    store: CandleStore,
    extent: Extent,
    first: number,
    last: number,
    mapping: PriceMapping,
  ): Extent {
    return this.overlays?.stretch(store, extent, first, last, mapping) ?? extent;
  }

  /** Fit the scales of the panes to the visible values. */
  fit(store: CandleStore, geometry: Geometry): void {
    this.overlays?.fit(store, geometry);
  }

  /** Lay out everything in the batches. */
  draw(store: CandleStore, geometry: Geometry, pane: PaneSize, look: Look): void {
    this.under.clear();
    this.over.clear();
    this.overlays?.draw(store, geometry, pane, look);
  }

  /** Labels of all panes. */
  labels(ratio: number): PaneLabel[] {
    return this.overlays?.labels(ratio) ?? [];
  }

  /** A key that changes whenever a label of the panes moves. */
  key(): string {
    return this.overlays?.key() ?? "";
  }

  /** The value at a device row of a pane; null over the candles. */
  readingAt(row: number): string | null {
    return this.overlays?.readingAt(row) ?? null;
  }

  /** Show the values at candle `index` in the legends. */
  show(store: CandleStore, index: number): void {
    this.overlays?.show(store, index);
  }
}
