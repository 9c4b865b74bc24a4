import { RECORD_FLOATS } from "../../store/column";
import { cssColor } from "../color";
import { type RectBatch, unpackColor } from "../rect-batch";
import { type Scene, VIEW } from "../scene";
import { toColumn, toHeight, toRow } from "../snap";

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** Draws the parts of a scene on a canvas, each as candles.wgsl does. */
export class Painter {
  constructor(readonly context: Context) {}

  /** Draw the background, the grid and the rectangles under the candles. */
  ground({ background, grid, under }: Scene): void {
    const { width, height } = this.context.canvas;
    this.fill(background, 0, 0, width, height);
    for (const { x, y, width, height, color } of grid) this.fill(color, x, y, width, height);
    this.rects(under);
  }

  /** Draw buckets `from` to `to` (exclusive) of `data`, of those that the scene shows. */
  buckets(scene: Scene, data: Float32Array, from: number, to: number): void {
    this.volumes(scene, data, from, to, true);
    this.volumes(scene, data, from, to, false);
    this.candles(scene, data, from, to, true);
    this.candles(scene, data, from, to, false);
  }

  /** Draw what lies above the candles: the line of the last price, and rectangles. */
  top(scene: Scene): void {
    this.line(scene);
    this.rects(scene.over);
  }

  private fill(color: Scene["background"], x: number, y: number, w: number, h: number): void {
    this.context.fillStyle = cssColor(color);
    this.context.fillRect(x, y, w, h);
  }

  private rects(rects: RectBatch): void {
    const { context } = this;
    let current = -1;
    rects.forEach((x, y, width, height, color) => {
      // Setting a colour costs more than filling a small rectangle.
      if (color !== current) context.fillStyle = cssColor(unpackColor(color));
      current = color;
      context.fillRect(x, y, width, height);
    });
  }

  private setColor(view: Float32Array, at: number): void {
    const [red, green, blue] = view.subarray(at, at + 3).map((channel) => channel * 255);
    this.context.fillStyle = cssColor([Math.round(red), Math.round(green), Math.round(blue)]);
  }

  private volumes(
    { view, first }: Scene,
    data: Float32Array,
    from: number,
    to: number,
    rising: boolean,
  ): void {
    const [offset, slot, body, left] = view.subarray(VIEW.xmap, VIEW.xmap + 4);
    const [pxPerVolume, baseline] = view.subarray(VIEW.vmap, VIEW.vmap + 2);
    const margin = left - (body - view[VIEW.ymap + 3]) / 2;
    this.setColor(view, rising ? VIEW.volumeUp : VIEW.volumeDown);
    for (let i = from, at = from * RECORD_FLOATS; i < to; i++, at += RECORD_FLOATS) {
      if (data[at + 3] >= data[at] !== rising) continue;
      const height = toHeight(data[at + 4], pxPerVolume);
      const x = toColumn(i - first, offset, slot) + margin;
      this.context.fillRect(x, baseline - height, body, height);
    }
  }

  private candles(
    { view, first }: Scene,
    data: Float32Array,
    from: number,
    to: number,
    rising: boolean,
  ): void {
    const [offset, slot, body, left] = view.subarray(VIEW.xmap, VIEW.xmap + 4);
    const wick = view[VIEW.ymap + 3];
    const row = rowClamper(view);
    const { context } = this;
    this.setColor(view, rising ? VIEW.up : VIEW.down);
    for (let i = from, at = from * RECORD_FLOATS; i < to; i++, at += RECORD_FLOATS) {
      const open = data[at];
      const close = data[at + 3];
      if (close >= open !== rising) continue;
      const x = toColumn(i - first, offset, slot) + left;
      const high = row(data[at + 1]);
      const top = row(rising ? close : open);
      const bottom = Math.max(row(rising ? open : close), top + wick);
      const low = Math.max(row(data[at + 2]), high + wick);
      if (body === wick) {
        context.fillRect(x, high, wick, Math.max(low, bottom) - high);
      } else {
        context.fillRect(x, high, wick, low - high);
        context.fillRect(x - (body - wick) / 2, top, body, bottom - top);
      }
    }
  }

  private line({ view, dashes }: Scene): void {
    const [price, dash, period, thickness] = view.subarray(VIEW.line, VIEW.line + 4);
    const y = rowClamper(view)(price);
    this.setColor(view, VIEW.lineColor);
    for (let i = 0; i < dashes; i++) this.context.fillRect(i * period, y, dash, thickness);
  }
}

function rowClamper(view: Float32Array): (price: number) => number {
  const [top, pxPerUnit] = view.subarray(VIEW.ymap, VIEW.ymap + 2);
  const [lowest, highest] = view.subarray(VIEW.vmap + 2, VIEW.vmap + 4);
  return (price) => Math.min(Math.max(toRow(top, pxPerUnit, price), lowest), highest);
}
