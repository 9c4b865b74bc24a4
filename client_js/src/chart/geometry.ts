import type { CandleStore } from "../store/candle-store";
import type { Extent } from "../store/range-index";
import type { PriceMapping } from "./price-mapping";
import type { PriceRange, PriceScale } from "./price-scale";
import type { Geometry } from "./scene";
import type { Viewport } from "./viewport";

/** Share of a slot that a candle's body takes. */
const BODY_SHARE = 0.72;
/** Share of the pane's height that the largest volume takes. */
const VOLUME_SHARE = 0.17;

/** The pane in device pixels. */
export interface PaneSize {
  width: number;
  height: number;
  /** Device pixels in a CSS pixel. */
  ratio: number;
}

/** The candles in sight, which an automatic price scale fits: `first` to `last` (exclusive). */
export interface Sight {
  store: CandleStore;
  first: number;
  last: number;
  /** Positions of their prices on the scale. */
  mapping: PriceMapping;
}

/** The extent, in positions, that an automatic price scale fits, from that of the candles in sight. */
export type Stretch = (extent: Extent, sight: Sight) => Extent;

/** Place the store's candles on a pane; fits the price scale on the way when that is automatic. */
export function layOut(
  store: CandleStore,
  viewport: Viewport,
  scale: PriceScale,
  { width, height, ratio }: PaneSize,
  stretch: Stretch = (extent) => extent,
): Geometry {
  const spacing = viewport.spacing * ratio;
  const per = bucketSize(spacing);
  const left = viewport.left;
  const buckets = Math.ceil(store.count / per);
  const first = Math.min(Math.max(Math.floor(left / per), 0), buckets);
  const last = Math.max(Math.min(Math.ceil(viewport.right / per), buckets), first);
  const shown = { first: first * per, last: Math.min(last * per, store.count) };
  scale.adapt(store, shown.first);
  fitVisible(store, scale, shown, stretch);
  const slot = spacing * per;
  const wick = slot >= 3 * ratio ? Math.max(Math.floor(ratio), 1) : 1;
  const volume = store.maxVolume(shown.first, shown.last, per);
  return {
    width,
    height,
    per,
    first,
    last,
    offset: first - left / per,
    slot,
    body: bodyWidth(slot, wick),
    wick,
    ...vertical(scale.range, scale.mapping, height),
    reference: scale.reference,
    pxPerVolume: volume > 0 ? (height * VOLUME_SHARE) / volume : 0,
  };
}

/** Candles drawn as one: a power of two, so that buckets stay the same over a range of zooms. */
export function bucketSize(spacing: number): number {
  return spacing >= 1 ? 1 : 2 ** Math.ceil(Math.log2(1 / spacing));
}

/** Width of a body that leaves a gap and has the wick in its middle. */
export function bodyWidth(slot: number, wick: number): number {
  const width = Math.min(Math.floor(slot * BODY_SHARE), Math.floor(slot) - 1);
  if (width <= wick) return wick;
  return (width - wick) % 2 === 0 ? width : width - 1;
}

function fitVisible(
  store: CandleStore,
  scale: PriceScale,
  { first, last }: { first: number; last: number },
  stretch: Stretch,
): void {
  const { mapping } = scale;
  const { low, high } = store.extent(first, last);
  if (low > high) return;
  const extent = { low: mapping.toPosition(low), high: mapping.toPosition(high) };
  const step = mapping.toPosition(high + store.tickUnits) - extent.high;
  scale.fit(stretch(extent, { store, first, last, mapping }), step);
}

function vertical({ top, bottom }: PriceRange, mapping: PriceMapping, height: number) {
  return { top: top - mapping.base, pxPerUnit: height / (top - bottom), mapping };
}

/** Index of the candle (not bucket) in the middle of the slot at `x` device pixels, any integer. */
export function candleAt(geometry: Geometry, x: number): number {
  const { first, offset, slot, per } = geometry;
  return (first + Math.floor(x / slot - offset)) * per;
}
