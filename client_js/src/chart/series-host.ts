import type { CandleStore } from "../store/candle-store";
import type { Extent } from "../store/range-index";
import type { Added } from "./added";
import type { PaneSize, Sight } from "./geometry";
import { Level } from "./invalidate";
import type { Look, Overlays } from "./overlays";
import { checkedHeights, type PaneHeights } from "./pane-heights";
import { RectBatch } from "./rect-batch";
import type { Geometry } from "./scene";
import { checkSeries, PRICE_PANE, type Series } from "./series";
import type { PaneLabel, PaneLayout } from "./sub-panes";

export interface PaneOptions {
  /** Share of the chart's height, from 0.05 to 0.6; divided evenly by default. */
  height?: number;
}

const LEAST_PANE = 0.05;
const MOST_PANE = 0.6;

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

  /**
   * `heights` are those that have been chosen; `request` asks for a frame; `heightsChanged` is
   * called when the user has moved a border, and `onFailure` with a sentence if the series cannot be
   * drawn.
   */
  constructor(
    private readonly places: LegendPlaces,
    readonly heights: Map<string, number>,
    private readonly request: (level: Level) => void,
    readonly heightsChanged: () => void,
    private readonly onFailure: (reason: string) => void,
  ) {}

  get layout(): PaneLayout {
    return this.overlays?.layout ?? this.room;
  }

  /** Add a series, or replace the one with the same id. Throws RangeError if it cannot be drawn. */
  set(id: string, series: Series): void {
    checkSeries(id, series);
    this.series.set(id, series);
    void this.load();
    this.request(Level.Data);
  }

  /** Remove a series; returns whether there was one with that id. */
  remove(id: string): boolean {
    this.request(Level.Data);
    return this.series.delete(id);
  }

  /** Add a pane. Throws RangeError if there is one already or the height is out of range. */
  addPane(name: string, { height }: PaneOptions): Added {
    const { panes } = this;
    if (name === PRICE_PANE || panes.has(name)) {
      throw new RangeError(`there is a pane "${name}" already`);
    }
    if (height !== undefined && !(height >= LEAST_PANE && height <= MOST_PANE)) {
      throw new RangeError(
        `height of a pane is a share from ${LEAST_PANE} to ${MOST_PANE}, not ${height}`,
      );
    }
    panes.set(name, height ?? null);
    void this.load();
    this.request(Level.Layout);
    return {
      remove: () => {
        panes.delete(name);
        this.request(Level.Layout);
      },
    };
  }

  /** Choose the heights of panes. Throws RangeError that names one that is no share. */
  setHeights(heights: PaneHeights): void {
    const chosen = checkedHeights(heights);
    this.heights.clear();
    for (const [name, height] of chosen) this.heights.set(name, height);
    this.redraw();
  }

  redraw(): void {
    this.request(Level.Layout);
  }

  /** Divide the pane; returns the candles' part of it. */
  divide(pane: PaneSize): PaneSize {
    const { height, ratio } = pane;
    this.room = { height, line: Math.max(Math.floor(ratio), 1), panes: [] };
    return this.overlays?.divide(pane) ?? pane;
  }

  /** The extent of the candles in sight, stretched to the lines over them. */
  stretch(extent: Extent, sight: Sight): Extent {
    return this.overlays?.stretch(extent, sight) ?? extent;
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

  private async load(): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    try {
      const { Overlays } = await import("./overlays");
      this.overlays = new Overlays(this, this.places);
      this.request(Level.Layout);
    } catch (error) {
      this.loading = false;
      this.onFailure(`Series cannot be drawn: ${String(error)}`);
    }
  }
}
