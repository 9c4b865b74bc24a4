/** The log scale, which is loaded when it is asked for. */
import { logTicks } from "./log-ticks";
import { log } from "./logarithm";
import type { PriceMapping } from "./price-mapping";

export { LogRecords } from "./log-records";

/** Equal ratios of prices at even distances, for prices above 0; `base` in units. */
export function logMapping(base: number): PriceMapping {
  return { kind: "log", base: log(base), toPosition, toUnits: Math.exp, ticks: logTicks };
}

function toPosition(units: number): number {
  if (units > 0) return log(units);
  return Number.isNaN(units) ? units : Number.NEGATIVE_INFINITY;
}
