import { type Coordinates, indexOfTime, timeOfIndex } from "../chart/coordinates";
import type { Point } from "../chart/crosshair";
import { readPoint } from "../chart/magnet";
import type { Anchor } from "./drawing";

/** The position of an anchor on the pane, on the column of its candle. */
export function pointOf({ time, price }: Anchor, coordinates: Coordinates): Point {
  const { store, intervalMs, ratio } = coordinates;
  const column = coordinates.columnOf(indexOfTime(store, time, intervalMs));
  return { x: column / ratio, y: coordinates.priceToY(price) };
}

/** The anchor at a point of the pane, at the price that the chart's crosshair has there. */
export function anchorAt(at: Point, coordinates: Coordinates, magnet: boolean): Anchor {
  const { units } = readPoint(at, coordinates, magnet);
  return { time: coordinates.xToTime(at.x), price: units / 10 ** coordinates.store.decimals };
}

/** A movement on a chart, in candles and in its price. */
export interface Shift {
  candles: number;
  price: number;
}

/** Move an anchor; its place within its candle and the tick of its price are kept. */
export function moved({ time, price }: Anchor, by: Shift, coordinates: Coordinates): Anchor {
  const { store, intervalMs } = coordinates;
  const index = indexOfTime(store, time, intervalMs);
  const start = (at: number) => timeOfIndex(store, at, intervalMs);
  const decimals = 10 ** store.decimals;
  return {
    time: time + start(index + by.candles) - start(index),
    price: Math.round((price + by.price) * decimals) / decimals,
  };
}

/** The movement between two points of the pane. */
export function shiftBetween(from: Point, to: Point, coordinates: Coordinates): Shift {
  return {
    candles: coordinates.xToIndex(to.x) - coordinates.xToIndex(from.x),
    price: coordinates.yToPrice(to.y) - coordinates.yToPrice(from.y),
  };
}

/** The price that is `pixels` above that of an anchor, at least a tick away. */
export function priceAbove(anchor: Anchor, pixels: number, coordinates: Coordinates): number {
  const { store } = coordinates;
  const tick = store.tickUnits / 10 ** store.decimals;
  const price = coordinates.yToPrice(coordinates.priceToY(anchor.price) - pixels);
  const change = Math.max(Math.abs(price - anchor.price), tick) * Math.sign(pixels);
  return anchor.price + change;
}
