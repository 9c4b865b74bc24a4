import type { Palette, Rgb } from "./color";
import { type PriceMapping, toRecord } from "./price-mapping";
import type { RectBatch } from "./rect-batch";
import { toRow } from "./snap";

/** Floats of the View uniform of candles.wgsl: ten vec4f. */
export const VIEW_FLOATS = 40;

/** Offset of each vec4f in the View uniform. */
export const VIEW = {
  size: 0,
  xmap: 4,
  ymap: 8,
  vmap: 12,
  line: 16,
  up: 20,
  down: 24,
  volumeUp: 28,
  volumeDown: 32,
  lineColor: 36,
} as const;

/** A filled rectangle in whole device pixels. */
export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
  color: Rgb;
}

/**
 * All that a renderer needs to draw one frame: plain data. docs/scene.md says how it is made, here
 * and on the server.
 */
export interface Scene {
  /** The View uniform; candles.wgsl says what each number is. */
  view: Float32Array<ArrayBuffer>;
  background: Rgb;
  /** The grid, under the candles. `gridVersion` changes when it does. */
  grid: readonly Rect[];
  gridVersion: number;
  /** Rectangles between grid and candles, and those above everything else. */
  under: RectBatch;
  over: RectBatch;
  /** Candles in one bucket: 1, or a power of two when there are more candles than pixels. */
  per: number;
  /** Buckets to draw: [first, last). */
  first: number;
  last: number;
  /** Dashes of the last price line; 0 for no line. */
  dashes: number;
}

/** Layout of the candles on the pane, in device pixels. */
export interface Geometry {
  width: number;
  height: number;
  /** Candles in one bucket, and the first and last (exclusive) bucket in sight. */
  per: number;
  first: number;
  last: number;
  /** Distance of the first bucket's left edge from the pane's, in slots. */
  offset: number;
  /** Pixels from bucket to bucket. */
  slot: number;
  body: number;
  wick: number;
  /** Places prices; position in the top row, relative to the mapping's base, and pixels per unit. */
  mapping: PriceMapping;
  top: number;
  pxPerUnit: number;
  /** The price, in units, that is 0 on a percent scale; null on others. */
  reference: number | null;
  pxPerVolume: number;
}

export interface LastPrice {
  /** In units. */
  price: number;
  rising: boolean;
}

/** Maximum distance of a row outside the pane, beyond which it is clamped. */
const OVERSCAN_PX = 8;

const DASH = { on: 3, period: 6 };

/**
 * Lay a frame out as the View uniform of candles.wgsl; `canvasHeight` is at least the geometry's,
 * and more when other panes lie below the candles'.
 */
export function fillView(
  view: Float32Array,
  geometry: Geometry,
  canvasHeight: number,
  palette: Palette,
  last: LastPrice | null,
): number {
  const { width, height, wick } = geometry;
  view.set([width, canvasHeight, 2 / width, 2 / canvasHeight], VIEW.size);
  view.set([geometry.offset, geometry.slot, geometry.body, -(wick >> 1)], VIEW.xmap);
  view.set([geometry.top, geometry.pxPerUnit, 0, wick], VIEW.ymap);
  view.set([geometry.pxPerVolume, height, -OVERSCAN_PX, height + OVERSCAN_PX], VIEW.vmap);
  const price = last === null ? 0 : toRecord(geometry.mapping, last.price);
  view.set([price, DASH.on * wick, DASH.period * wick, wick], VIEW.line);
  setColor(view, VIEW.up, palette.up);
  setColor(view, VIEW.down, palette.down);
  setColor(view, VIEW.volumeUp, palette.volumeUp);
  setColor(view, VIEW.volumeDown, palette.volumeDown);
  setColor(view, VIEW.lineColor, last?.rising === false ? palette.down : palette.up);
  return last === null ? 0 : Math.ceil(width / (DASH.period * wick));
}

function setColor(view: Float32Array, at: number, color: Rgb): void {
  view.set([color[0] / 255, color[1] / 255, color[2] / 255, 1], at);
}

/** Row of a price in units, as the shader computes it but without its clamp. */
export function rowOf({ top, pxPerUnit, mapping }: Geometry, units: number): number {
  return toRow(Math.fround(top), Math.fround(pxPerUnit), toRecord(mapping, units));
}

/** The price, in units, at a device row; fractions lie between rows. */
export function unitsAt({ top, pxPerUnit, mapping }: Geometry, row: number): number {
  return mapping.toUnits(mapping.base + top - row / pxPerUnit);
}
