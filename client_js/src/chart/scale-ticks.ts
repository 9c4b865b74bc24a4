/** Choice of the round prices to label on each scale. */
import type { Geometry } from "./scene";
import { unitsAt } from "./scene";
import { niceStep } from "./ticks";

/**
 * Prices in units to label, at least `least` device pixels apart; `tick` is the least price step. A
 * percent scale has round shares instead of round prices.
 */
export function scaleTicks(geometry: Geometry, least: number, tick: number): number[] {
  const { pxPerUnit, mapping, reference } = geometry;
  const top = unitsAt(geometry, 0);
  const bottom = unitsAt(geometry, geometry.height);
  const gap = least / pxPerUnit;
  if (reference !== null) return percentTicks(bottom, top, gap, reference);
  return mapping.ticks(bottom, top, gap, tick);
}

/** Round percentages of `reference`, as prices at least `gap` units apart. */
export function percentTicks(
  bottom: number,
  top: number,
  gap: number,
  reference: number,
): number[] {
  const one = Math.abs(reference) / 100;
  const step = niceStep(gap / one);
  const ticks: number[] = [];
  const last = Math.floor((top - reference) / one / step);
  for (let i = Math.ceil((bottom - reference) / one / step); i <= last; i++) {
    ticks.push(reference + i * step * one);
  }
  return ticks;
}
