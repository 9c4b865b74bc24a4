import type { Extent } from "../store/range-index";

/** Share of the pane left free above the highest and below the lowest price; volumes lie below. */
const MARGIN_TOP = 0.08;
const MARGIN_BOTTOM = 0.24;
/** Minimum span of the pane, in price steps. */
const MIN_STEPS = 8;

/** Prices (in units) at the pane's top and bottom edge. */
export interface PriceRange {
  top: number;
  bottom: number;
}

/**
 * The price scale: fits the visible candles until it is dragged, then stays fixed.
 */
export class PriceScale {
  range: PriceRange = { top: 1, bottom: 0 };
  auto = true;

  /** Fit `extent` when automatic; `step` is the least price step in units. */
  fit(extent: Extent, step: number): void {
    if (!this.auto || extent.low > extent.high) return;
    const missing = Math.max(MIN_STEPS * step - (extent.high - extent.low), 0);
    const low = extent.low - missing / 2;
    const span = (extent.high + missing / 2 - low) / (1 - MARGIN_TOP - MARGIN_BOTTOM);
    const bottom = low - span * MARGIN_BOTTOM;
    this.range = { top: bottom + span, bottom };
  }

  /** Move the prices by `share` of the pane's height downwards. */
  pan(share: number): void {
    const { top, bottom } = this.range;
    const shift = (top - bottom) * share;
    this.range = { top: top + shift, bottom: bottom + shift };
    this.auto = false;
  }

  /** Multiply the span by `factor` about its middle. */
  zoom(factor: number): void {
    const { top, bottom } = this.range;
    const middle = (top + bottom) / 2;
    const half = ((top - bottom) / 2) * factor;
    if (!(half > 0 && Number.isFinite(half))) return;
    this.range = { top: middle + half, bottom: middle - half };
    this.auto = false;
  }
}
