import type { Bar } from "../store/candle-store";
import type { Coordinates } from "./coordinates";
import type { Point } from "./crosshair";
import type { IndicatorSource } from "./indicator-kernels";
import { readPoint } from "./magnet";
import type { PaneHeights } from "./pane-heights";
import type { VisibleRange } from "./range";

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
  /** The user has moved the border of a pane; the heights that were chosen. */
  panes: PaneHeights;
  /** The magnet has been switched. */
  magnet: boolean;
  /** Other candles are shown: of another symbol or interval. */
  source: IndicatorSource;
  /** A frame has been drawn. */
  frame: { frames: number; axisDraws: number };
  /** Results of an indicator are in; its id. */
  computed: string;
  /** An indicator or a scale is not as asked for; a sentence that says why. */
  failure: string;
}

export const CHART_EVENTS: readonly (keyof ChartEvents)[] = [
  "crosshair",
  "click",
  "range",
  "panes",
  "magnet",
  "source",
  "frame",
  "computed",
  "failure",
];

/** A point of the pane with its time, price and candle, as the crosshair reads it. */
export function chartPoint(coordinates: Coordinates, at: Point, magnet: boolean): ChartPoint {
  const { store } = coordinates;
  const { x } = at;
  const { y, units } = readPoint(at, coordinates, magnet);
  const index = coordinates.xToIndex(x);
  const bar = index >= 0 && index < store.count ? store.bar(index) : null;
  return { x, y, time: coordinates.xToTime(x), price: units / 10 ** store.decimals, bar };
}
