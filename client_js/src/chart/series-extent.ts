import type { Extent } from "../store/range-index";
import type { Series } from "./series";

/** Larger numbers count as infinite, as in the kernels. */
const LARGEST = 1e100;

/** Return true if a value can be drawn. */
export function isDrawn(value: number): boolean {
  return value >= -LARGEST && value <= LARGEST;
}

/**
 * Lowest and highest value that can be drawn of the series at these places; low is Infinity when
 * none is.
 */
export function extentOf(series: Series, places: Int32Array): Extent {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { values, kind } of series.plots) {
    for (let i = 0; i < places.length; i++) {
      const at = places[i];
      const value = at < 0 ? Number.NaN : values[at];
      if (!isDrawn(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (kind === "histogram" && low <= high) {
      low = Math.min(low, 0);
      high = Math.max(high, 0);
    }
  }
  return { low, high };
}
