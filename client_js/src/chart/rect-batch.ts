import type { Rgb } from "./color";

/** Bytes of one rectangle as the GPU takes it: x, y, width and height as f32, a packed colour. */
export const RECT_BYTES = 20;

const WORDS = RECT_BYTES / 4;
const INITIAL_CAPACITY = 256;

/** An opaque colour in one word: red is the lowest byte. */
export function packColor([red, green, blue]: Rgb): number {
  return (red | (green << 8) | (blue << 16) | 0xff000000) >>> 0;
}

/** The channels of a packed colour. */
export function unpackColor(color: number): Rgb {
  return [color & 255, (color >> 8) & 255, (color >> 16) & 255];
}

/** Rectangles in whole device pixels, packed as renderers take them, in the order of drawing. */
export class RectBatch {
  count = 0;
  /** Changes with every `clear`. */
  version = 0;
  bytes = new ArrayBuffer(INITIAL_CAPACITY * RECT_BYTES);
  /** The same memory as 32-bit floats and as words. */
  floats = new Float32Array(this.bytes);
  words = new Uint32Array(this.bytes);

  clear(): void {
    this.count = 0;
    this.version++;
  }

  push(x: number, y: number, width: number, height: number, color: number): void {
    const at = this.count * WORDS;
    if (at + WORDS > this.floats.length) this.grow();
    const { floats } = this;
    floats[at] = x;
    floats[at + 1] = y;
    floats[at + 2] = width;
    floats[at + 3] = height;
    this.words[at + 4] = color;
    this.count++;
  }

  /** Call `draw` for each rectangle, in order. */
  forEach(draw: (x: number, y: number, w: number, h: number, color: number) => void): void {
    const { floats, words } = this;
    for (let at = 0, end = this.count * WORDS; at < end; at += WORDS) {
      draw(floats[at], floats[at + 1], floats[at + 2], floats[at + 3], words[at + 4]);
    }
  }

  private grow(): void {
    const longer = new ArrayBuffer(this.bytes.byteLength * 2);
    new Uint8Array(longer).set(new Uint8Array(this.bytes));
    this.bytes = longer;
    this.floats = new Float32Array(longer);
    this.words = new Uint32Array(longer);
  }
}
