import type { Coordinates } from "./coordinates";
import type { Point } from "./crosshair";

/** A row of the pane, in CSS pixels, and the price there, in units. */
export interface Reading {
  y: number;
  units: number;
}

/**
 * The price that the crosshair reads at a point. With `magnet` that is the open, high, low or close
 * of the candle there that is nearest, if one is in sight.
 */
export function readPoint({ x, y }: Point, coordinates: Coordinates, magnet: boolean): Reading {
  const { store, geometry, ratio } = coordinates;
  const { close, open, high, low } = store;
  const index = coordinates.xToIndex(x);
  const bottom = geometry.height / ratio;
  const isOnCandle = magnet && y <= bottom && index >= 0 && index < store.count;
  const [nearest] = (isOnCandle ? [close, open, high, low] : [])
    .map((column) => column.at(index))
    .map((units) => ({ y: coordinates.rowOf(units) / ratio, units }))
    .filter((each) => each.y >= 0 && each.y <= bottom)
    .sort((one, other) => Math.abs(one.y - y) - Math.abs(other.y - y));
  return nearest ?? { y, units: Math.round(coordinates.yToPrice(y) * 10 ** store.decimals) };
}
