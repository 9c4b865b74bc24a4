import type { Scene } from "../scene";
import { Buckets } from "./buckets";
import { Painter } from "./painter";
import type { Records, Renderer } from "./renderer";
import { Still } from "./still";

/** Draws candles.wgsl's pane with rectangles: for machines without a GPU. */
export class Canvas2dRenderer implements Renderer {
  readonly name = "canvas2d";
  private readonly painter: Painter;
  private records: Records = { data: new Float32Array(), count: 0 };
  private readonly buckets = new Buckets();
  private readonly still = new Still();

  constructor(readonly canvas: HTMLCanvasElement) {
    const context = canvas.getContext("2d", { alpha: false });
    if (context === null) throw new Error("this browser gives no 2D canvas");
    this.painter = new Painter(context);
  }

  upload(records: Records, from: number, to: number): void {
    this.records = records;
    this.buckets.invalidate(from, to);
    if (from < to) this.still.invalidate(from);
  }

  resize(width: number, height: number): void {
    this.canvas.width = width;
    this.canvas.height = height;
  }

  draw(scene: Scene): void {
    const { painter, records } = this;
    const { per, first, last } = scene;
    const data = per === 1 ? records.data : this.buckets.reduced(records, per);
    // Ticks change the newest bucket only.
    const fixed = Math.max(Math.min(Math.ceil(records.count / per) - 1, last), first);
    const drawFixed = (to: Painter) => {
      to.ground(scene);
      to.buckets(scene, data, first, fixed);
    };
    const still = this.still.of(scene, fixed, drawFixed);
    if (still === null) drawFixed(painter);
    else painter.context.drawImage(still, 0, 0);
    painter.buckets(scene, data, fixed, last);
    painter.top(scene);
  }

  dispose(): void {
    this.canvas.remove();
  }
}
