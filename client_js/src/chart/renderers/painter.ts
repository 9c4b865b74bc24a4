import { RECORD_FLOATS } from "../../store/column";
import { cssColor } from "../color";
import { type RectBatch, unpackColor } from "../rect-batch";
import { type Scene, VIEW } from "../scene";
import { toColumn, toHeight, toRow } from "../snap";
import { type Context, Dashes } from "./dashes";

/** Draws the parts of a scene on a canvas, each as candles.wgsl does. */
export class Painter {
  private readonly dashes = new Dashes();

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
    this.context.fillStyle = colorAt(view, at);
  }

  private volumes(
    { view, first }: Scene,
    data: Float32Array,
    from: number,
    to: number,
    rising: boolean,
  ): void {
    const { offset, slot, body, left } = columnsOf(view);
    const pxPerVolume = view[VIEW.vmap];
    const baseline = view[VIEW.vmap + 1];
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
    const { offset, slot, body, left } = columnsOf(view);
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
    if (dashes === 0) return;
    const { context } = this;
    const { line } = VIEW;
    const period = view[line + 2];
    const color = colorAt(view, VIEW.lineColor);
    context.fillStyle = this.dashes.pattern(context, color, view[line + 1], period);
    context.fillRect(0, rowClamper(view)(view[line]), dashes * period, view[line + 3]);
  }
}

function columnsOf(view: Float32Array) {
  const { xmap } = VIEW;
  return {
    offset: view[xmap],
    slot: view[xmap + 1],
    body: view[xmap + 2],
    left: view[xmap + 3],
  };
}

function colorAt(view: Float32Array, at: number): string {
  const channel = (k: number) => Math.round(view[at + k] * 255);
  return cssColor([channel(0), channel(1), channel(2)]);
}

function rowClamper(view: Float32Array): (price: number) => number {
  const { ymap, vmap } = VIEW;
  const top = view[ymap];
  const pxPerUnit = view[ymap + 1];
  const lowest = view[vmap + 2];
  const highest = view[vmap + 3];
  return (price) => Math.min(Math.max(toRow(top, pxPerUnit, price), lowest), highest);
}
