import type { Scene } from "../scene";

export type RendererName = "webgpu" | "canvas2d";

/** The candles as the store packs them: RECORD_FLOATS floats each. */
export interface Records {
  data: Float32Array<ArrayBuffer>;
  count: number;
}

/**
 * Draws scenes on one canvas. Both renderers draw the same pixels for the same calls, and keep what
 * `upload` gave them until it is replaced.
 */
export interface Renderer {
  readonly name: RendererName;
  readonly canvas: HTMLCanvasElement;
  /** Records `from` to `to` (exclusive) have changed; the others are as they were. */
  upload(records: Records, from: number, to: number): void;
  /** Set the canvas's size in device pixels; clears it. */
  resize(width: number, height: number): void;
  draw(scene: Scene): void;
  dispose(): void;
}
