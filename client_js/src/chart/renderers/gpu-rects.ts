import { packColor, RECT_BYTES, RectBatch } from "../rect-batch";
import type { Rect } from "../scene";

const QUAD_VERTICES = 6;

/** Rectangles on the GPU, uploaded when they have changed. */
export class GpuRects {
  private buffer: GPUBuffer | null = null;
  private count = 0;
  private version = -1;

  constructor(private readonly device: GPUDevice) {}

  uploadRects(rects: readonly Rect[], version: number): void {
    if (version === this.version) return;
    const batch = new RectBatch();
    for (const { x, y, width, height, color } of rects) {
      batch.push(x, y, width, height, packColor(color));
    }
    this.upload(batch, version);
  }

  upload({ bytes, count }: RectBatch, version: number): void {
    if (version === this.version) return;
    this.version = version;
    this.count = count;
    const size = count * RECT_BYTES;
    if (size === 0) return;
    if (this.buffer === null || this.buffer.size < size) {
      this.buffer?.destroy();
      this.buffer = this.device.createBuffer({
        size: size * 2,
        usage: GPUBufferUsage.VERTEX | GPUBufferUsage.COPY_DST,
      });
    }
    this.device.queue.writeBuffer(this.buffer, 0, bytes, 0, size);
  }

  /** Draw the rectangles with the current pipeline. */
  draw(pass: GPURenderPassEncoder): void {
    if (this.count === 0) return;
    pass.setVertexBuffer(0, this.buffer);
    pass.draw(QUAD_VERTICES, this.count);
  }
}
