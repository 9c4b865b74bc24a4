import { type Plot, PRICE_PANE, type Series } from "../chart/series";
import type { Outcome } from "./messages";

/** Colours that are distinct on dark and on light backgrounds. */
export const COLORS = [
  "#4c9be8",
  "#e8a33d",
  "#b07ce8",
  "#3fb6a8",
  "#e06c9f",
  "#8bb83a",
  "#d9604a",
  "#7d8a9a",
] as const;

export const PANE = "Python";
const TITLE = "Python";

/** The visible price range of the bars that the series were computed on. */
export interface PriceSpan {
  low: number;
  high: number;
}

/**
 * The outcome as the chart's series: at most one over the candles and one in a pane of its own.
 * `time`: of the bars, ms, one per value.
 */
export function seriesOf(outcome: Outcome, time: Float64Array, span: PriceSpan): Series[] {
  const panes = new Map<string, Plot[]>();
  Object.entries(outcome.series ?? {}).forEach(([label, values], index) => {
    const pane = paneOf(outcome.pane ?? null, values, span);
    const color = COLORS[index % COLORS.length];
    const plot: Plot = { label, values, color, kind: isScattered(values) ? "dots" : "line" };
    panes.set(pane, [...(panes.get(pane) ?? []), plot]);
  });
  return [...panes].map(([pane, plots]) => ({ title: TITLE, pane, time, plots }));
}

/** The requested pane; otherwise the price pane if the series lies among the prices. */
function paneOf(asked: string | null, values: Float64Array, span: PriceSpan): string {
  if (asked !== null) return asked === PRICE_PANE ? PRICE_PANE : PANE;
  return isAmong(values, span) ? PRICE_PANE : PANE;
}

/**
 * Return true if at least half of the values lie within the price range, extended by its span on either
 * side.
 */
function isAmong(values: Float64Array, { low, high }: PriceSpan): boolean {
  const room = high - low;
  let all = 0;
  let near = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    all++;
    if (value >= low - room && value <= high + room) near++;
  }
  return all === 0 || near * 2 >= all;
}

/** Return true if most values are isolated, so that a line would show almost nothing. */
function isScattered(values: Float64Array): boolean {
  let all = 0;
  let joined = 0;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) continue;
    all++;
    if (Number.isFinite(values[i - 1]) || Number.isFinite(values[i + 1])) joined++;
  }
  return joined * 2 < all;
}
