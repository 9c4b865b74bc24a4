/** Places of the crosshair, which are loaded with the movements. */
import { type Coordinates, indexOfTime } from "./coordinates";
import type { CrosshairPlace, Point } from "./crosshair";

/** The point of a place on the pane; null if its time is out of sight. */
export function pointAt(coordinates: Coordinates, { time, price }: CrosshairPlace): Point | null {
  const { store, intervalMs } = coordinates;
  if (store.count === 0) return null;
  const index = indexOfTime(store, time, intervalMs);
  const { x, y } = closePoint(coordinates, index);
  if (x < 0 || x >= coordinates.geometry.width / coordinates.ratio) return null;
  return { x, y: price === undefined ? y : within(coordinates, coordinates.priceToY(price)) };
}

/** The point of a candle's close, or of the nearest one's beyond either end; within the pane's rows. */
export function closePoint(coordinates: Coordinates, index: number): Point {
  const { store, ratio } = coordinates;
  const candle = Math.min(Math.max(index, 0), store.count - 1);
  const y = coordinates.rowOf(store.close.at(candle)) / ratio;
  return { x: coordinates.columnOf(index) / ratio, y: within(coordinates, y) };
}

function within({ geometry, ratio }: Coordinates, y: number): number {
  return Math.min(Math.max(y, 0), geometry.height / ratio);
}
