import type { Zone } from "../format/zone";
import type { CandleStore } from "../store/candle-store";
import type { Palette } from "./color";
import { axisText } from "./price-text";
import { scaleTicks } from "./scale-ticks";
import { type Geometry, type Rect, rowOf } from "./scene";
import { toColumn } from "./snap";
import { timeTicks } from "./ticks";

/** Least CSS pixels between the labels of the price axis and of the time axis. */
const PRICE_GAP_PX = 46;
const TIME_GAP_PX = 92;

interface PriceLabel {
  row: number;
  text: string;
}

interface TimeLabel {
  column: number;
  text: string;
  strong: boolean;
}

/** Positions of the labels, in device pixels of the pane. */
export interface Axes {
  prices: PriceLabel[];
  times: TimeLabel[];
  /** Labels of the panes below the candles. */
  panes: PriceLabel[];
}

export interface AxisOptions {
  intervalMs: number;
  ratio: number;
  zone: Zone;
}

/** Choose and place the labels of both axes. */
export function placeAxes(store: CandleStore, geometry: Geometry, options: AxisOptions): Axes {
  return {
    prices: placePrices(store, geometry, options.ratio),
    times: placeTimes(store, geometry, options),
    panes: [],
  };
}

function placePrices(store: CandleStore, geometry: Geometry, ratio: number): PriceLabel[] {
  return scaleTicks(geometry, PRICE_GAP_PX * ratio, store.tickUnits).map((price) => ({
    row: rowOf(geometry, price),
    text: axisText(store, geometry, price),
  }));
}

function placeTimes(store: CandleStore, geometry: Geometry, options: AxisOptions): TimeLabel[] {
  const { per, first, last, offset, slot } = geometry;
  const offsetF32 = Math.fround(offset);
  const slotF32 = Math.fround(slot);
  return timeTicks({
    times: store.time,
    first: first * per,
    last: Math.min(last * per, store.count),
    intervalMs: options.intervalMs,
    spacing: slot / per / options.ratio,
    leastPx: TIME_GAP_PX,
    zone: options.zone,
  }).map(({ index, label, strong }) => ({
    column: toColumn(Math.floor(index / per) - first, offsetF32, slotF32),
    text: label,
    strong,
  }));
}

/** The grid lines at the labels. */
export function gridOf({ prices, times }: Axes, geometry: Geometry, palette: Palette): Rect[] {
  const { width, height, wick } = geometry;
  const left = wick >> 1;
  return [
    ...times.map(({ column, strong }) => ({
      x: column - left,
      y: 0,
      width: wick,
      height,
      color: strong ? palette.axisLine : palette.grid,
    })),
    ...prices.map(({ row }) => ({ x: 0, y: row, width, height: wick, color: palette.grid })),
  ];
}
