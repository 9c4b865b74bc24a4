import { percentTo } from "../format/decimal";
import type { CandleStore } from "../store/candle-store";
import type { Geometry } from "./scene";
import { decimalsFor } from "./ticks";

const PERCENT = 100;
const LEAST_DECIMALS = 2;
/** A percentage tells prices apart that are this many device pixels from each other. */
const APART_PX = 10;

/** A price in units as the axis tells it: on a percent scale, its distance from the first. */
export function axisText(
  store: CandleStore,
  { reference, pxPerUnit }: Geometry,
  units: number,
): string {
  if (reference === null) return store.format(units);
  const size = Math.abs(reference);
  const apart = (PERCENT * APART_PX) / (size * pxPerUnit);
  const decimals = Math.max(decimalsFor(apart), LEAST_DECIMALS);
  return percentTo((units - reference) / size, decimals);
}
