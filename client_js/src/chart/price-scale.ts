import type { CandleStore } from "../store/candle-store";
import type { Extent } from "../store/range-index";
import { linearMapping, type PriceMapping } from "./price-mapping";

/** Share of the pane left free above the highest and below the lowest price; volumes lie below. */
const MARGIN_TOP = 0.08;
const MARGIN_BOTTOM = 0.24;
/** Minimum span of the pane, in price steps. */
const MIN_STEPS = 8;

export const SCALE_KINDS = ["linear", "log", "percent"] as const;

/** The scale of the price axis. Percent counts from the close of the first candle in sight. */
export type ScaleKind = (typeof SCALE_KINDS)[number];

/** Check the name of a scale; throws RangeError that says which there are. */
export function checkedScale(kind: unknown): ScaleKind {
  const known = SCALE_KINDS.find((each) => each === kind);
  if (known !== undefined) return known;
  throw new RangeError(`scale must be one of ${SCALE_KINDS.join(", ")}, not ${kind}`);
}

/** Positions of the price mapping at the pane's top and bottom edge. */
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
  kind: ScaleKind = "linear";
  mapping: PriceMapping = linearMapping(0);
  /** Makes the log mapping; the scale is linear until it is there. */
  logMapping: ((base: number) => PriceMapping) | null = null;
  /** The price, in units, that is 0 on a percent scale; null on others. */
  reference: number | null = null;
  /** The reason why the candles in sight are drawn on a linear scale instead; null if they are not. */
  fault: string | null = null;

  /** Choose the mapping for the store's candles, of which `first` is the first in sight. */
  adapt(store: CandleStore, first: number): void {
    this.reference = null;
    this.fault = null;
    const isEmpty = store.count === 0;
    if (this.kind === "percent" && !isEmpty) this.refer(store, first);
    const isLog = this.kind === "log" && !isEmpty && this.canBeLog(store);
    const mapping = (isLog ? this.logMapping : null)?.(store.base) ?? linearMapping(store.base);
    if (mapping.kind !== this.mapping.kind && !this.auto) this.keepPrices(mapping);
    this.mapping = mapping;
  }

  /** Fit an extent of positions when automatic; `step` is the least price step there. */
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

  private refer(store: CandleStore, first: number): void {
    const close = store.close.at(Math.min(first, store.count - 1));
    if (close === 0)
      this.fault = "A percent scale needs a first price other than 0; the scale is linear.";
    else this.reference = close;
  }

  private canBeLog(store: CandleStore): boolean {
    if (store.extent(0, store.count).low > 0) return true;
    this.fault = "A log scale needs prices above 0; the scale is linear.";
    return false;
  }

  /** Show the same prices on another mapping, as far as it has them. */
  private keepPrices(mapping: PriceMapping): void {
    const { top, bottom } = this.range;
    const [high, low] = [top, bottom].map((each) => mapping.toPosition(this.mapping.toUnits(each)));
    if (Number.isFinite(high) && Number.isFinite(low)) this.range = { top: high, bottom: low };
    else this.auto = true;
  }
}
