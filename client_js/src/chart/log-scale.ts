/** The log scale, which is loaded when it is asked for. */
import { logTicks } from "./log-ticks";
import type { PriceMapping } from "./price-mapping";

export { LogRecords } from "./log-records";

/** Equal ratios of prices at even distances, for prices above 0; `base` in units. */
export function logMapping(base: number): PriceMapping {
  return { kind: "log", base: Math.log(base), toPosition, toUnits: Math.exp, ticks: logTicks };
}

function toPosition(units: number): number {
  return units > 0 ? Math.log(units) : Number.NEGATIVE_INFINITY;
}
