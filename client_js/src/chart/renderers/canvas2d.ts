import { RECORD_FLOATS } from "../../store/column";
import { reduceBuckets } from "../../store/lod";
import { cssColor } from "../color";
import { type RectBatch, unpackColor } from "../rect-batch";
import { type Scene, VIEW } from "../scene";
import { toColumn, toHeight, toRow } from "../snap";
import type { Records, Renderer } from "./renderer";

/** Draws candles.wgsl's pane with rectangles: for machines without a GPU. */
export class Canvas2dRenderer implements Renderer {
  readonly name = "canvas2d";
  private readonly context: CanvasRenderingContext2D;
  private records: Records = { data: new Float32Array(), count: 0 };
  private readonly buckets = new Buckets();

  constructor(readonly canvas: HTMLCanvasElement) {
    const context = canvas.getContext("2d", { alpha: false });
    if (context === null) throw new Error("this browser gives no 2D canvas");
    this.context = context;
  }

  upload(records: Records, from: number, to: number): void {
    this.records = records;
    this.buckets.invalidate(from, to);
  }

  resize(width: number, height: number): void {
    this.canvas.width = width;
    this.canvas.height = height;
  }

  draw(scene: Scene): void {
    this.fill(scene.background, 0, 0, this.canvas.width, this.canvas.height);
    for (const { x, y, width, height, color } of scene.grid) this.fill(color, x, y, width, height);
    this.drawRects(scene.under);
    const data =
      scene.per === 1 ? this.records.data : this.buckets.reduced(this.records, scene.per);
    this.drawVolumes(scene, data, true);
    this.drawVolumes(scene, data, false);
    this.drawCandles(scene, data, true);
    this.drawCandles(scene, data, false);
    this.drawLine(scene);
    this.drawRects(scene.over);
  }

  dispose(): void {
    this.canvas.remove();
  }

  private fill(color: Scene["background"], x: number, y: number, w: number, h: number): void {
    this.context.fillStyle = cssColor(color);
    this.context.fillRect(x, y, w, h);
  }

  private drawRects(rects: RectBatch): void {
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

  private drawVolumes(scene: Scene, data: Float32Array, rising: boolean): void {
    const { view, first, last } = scene;
    const [offset, slot, body, left] = view.subarray(VIEW.xmap, VIEW.xmap + 4);
    const [pxPerVolume, baseline] = view.subarray(VIEW.vmap, VIEW.vmap + 2);
    const margin = left - (body - view[VIEW.ymap + 3]) / 2;
    this.setColor(view, rising ? VIEW.volumeUp : VIEW.volumeDown);
    for (let i = first, at = first * RECORD_FLOATS; i < last; i++, at += RECORD_FLOATS) {
      if (data[at + 3] >= data[at] !== rising) continue;
      const height = toHeight(data[at + 4], pxPerVolume);
      const x = toColumn(i - first, offset, slot) + margin;
      this.context.fillRect(x, baseline - height, body, height);
    }
  }

  private drawCandles(scene: Scene, data: Float32Array, rising: boolean): void {
    const { view, first, last } = scene;
    const [offset, slot, body, left] = view.subarray(VIEW.xmap, VIEW.xmap + 4);
    const wick = view[VIEW.ymap + 3];
    const row = rowClamper(view);
    const { context } = this;
    this.setColor(view, rising ? VIEW.up : VIEW.down);
    for (let i = first, at = first * RECORD_FLOATS; i < last; i++, at += RECORD_FLOATS) {
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

  private drawLine({ view, dashes }: Scene): void {
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

/** The records reduced to one bucket size, kept up to date bucket by bucket. */
class Buckets {
  private data = new Float32Array();
  private per = 1;
  private from = 0;
  private to = Number.POSITIVE_INFINITY;

  invalidate(from: number, to: number): void {
    this.from = Math.min(this.from, from);
    this.to = Math.max(this.to, to);
  }

  reduced({ data, count }: Records, per: number): Float32Array {
    const buckets = Math.ceil(count / per);
    if (per !== this.per) this.invalidate(0, count);
    if (this.data.length < buckets * RECORD_FLOATS) {
      this.data = new Float32Array(buckets * 2 * RECORD_FLOATS);
      this.invalidate(0, count);
    }
    const to = Math.min(Math.ceil(this.to / per), buckets);
    reduceBuckets(data, count, per, Math.floor(this.from / per), to, this.data);
    this.per = per;
    this.from = count;
    this.to = 0;
    return this.data;
  }
}
