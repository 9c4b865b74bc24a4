/**
 * The 32-bit arithmetic of candles.wgsl, step by step, so that everything placed by it falls on the
 * same pixels. docs/scene.md is the contract, which tickfire.render keeps on the server.
 */

const { fround, floor } = Math;

/** Round half to even, as WGSL's round() does. */
export function roundEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** Pixel column of the middle of slot `index`, both arguments after it being 32-bit floats. */
export function toColumn(index: number, offset: number, slot: number): number {
  return floor(fround(fround(index + 0.5 + offset) * slot));
}

/** Pixel row of `price`, when `top` is the price in row 0; all of them 32-bit floats. */
export function toRow(top: number, pxPerUnit: number, price: number): number {
  return roundEven(fround(fround(top - price) * pxPerUnit));
}

/** Height in pixels of `volume`, at least 1. */
export function toHeight(volume: number, pxPerVolume: number): number {
  return Math.max(roundEven(fround(volume * pxPerVolume)), 1);
}
