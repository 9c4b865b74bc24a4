import { type Rect, type Scene, VIEW_FLOATS } from "../scene";
import { GpuCandles } from "./gpu-candles";
import { createPipelines, type Pipelines, RECORD_BYTES, RECT_BYTES } from "./gpu-pipelines";
import type { Records, Renderer } from "./renderer";

const QUAD_VERTICES = 6;
const CANDLE_VERTICES = 2 * QUAD_VERTICES;

/** Draws scenes with candles.wgsl. */
export class WebgpuRenderer implements Renderer {
  readonly name = "webgpu";
  private readonly context: GPUCanvasContext;
  private readonly candles: GpuCandles;
  private readonly uniform: GPUBuffer;
  private readonly viewGroup: GPUBindGroup;
  private grid: GPUBuffer | null = null;
  private gridVersion = -1;

  private constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly device: GPUDevice,
    private readonly pipelines: Pipelines,
    context: GPUCanvasContext,
  ) {
    this.context = context;
    this.candles = new GpuCandles(device, pipelines);
    this.uniform = device.createBuffer({
      size: VIEW_FLOATS * 4,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    this.viewGroup = device.createBindGroup({
      layout: pipelines.viewLayout,
      entries: [{ binding: 0, resource: { buffer: this.uniform } }],
    });
  }

  /** Set up `canvas` on `device`; `onLost` is called when the device goes away by itself. */
  static async create(
    canvas: HTMLCanvasElement,
    device: GPUDevice,
    code: string,
    onLost: (reason: string) => void,
  ): Promise<WebgpuRenderer> {
    const context = canvas.getContext("webgpu");
    if (context === null) throw new Error("this canvas gives no WebGPU context");
    const format = navigator.gpu.getPreferredCanvasFormat();
    context.configure({ device, format, alphaMode: "opaque" });
    const pipelines = await createPipelines(device, code, format);
    const renderer = new WebgpuRenderer(canvas, device, pipelines, context);
    device.lost.then(({ reason, message }) => onLost(message || reason));
    return renderer;
  }

  upload(records: Records, from: number, to: number): void {
    this.candles.upload(records, from, to);
  }

  resize(width: number, height: number): void {
    const most = this.device.limits.maxTextureDimension2D;
    this.canvas.width = Math.min(width, most);
    this.canvas.height = Math.min(height, most);
  }

  draw(scene: Scene): void {
    const { queue } = this.device;
    queue.writeBuffer(this.uniform, 0, scene.view);
    if (scene.gridVersion !== this.gridVersion) this.uploadGrid(scene);
    const encoder = this.device.createCommandEncoder();
    const buckets = this.candles.buckets(encoder, scene.per);
    this.encodePane(encoder, scene, buckets);
    queue.submit([encoder.finish()]);
  }

  dispose(): void {
    this.canvas.remove();
    this.device.destroy();
  }

  private encodePane(encoder: GPUCommandEncoder, scene: Scene, buckets: GPUBuffer): void {
    const [r, g, b] = scene.background.map((channel) => channel / 255);
    const pass = encoder.beginRenderPass({
      colorAttachments: [
        {
          view: this.context.getCurrentTexture().createView(),
          loadOp: "clear",
          storeOp: "store",
          clearValue: { r, g, b, a: 1 },
        },
      ],
    });
    const { rect, volume, candle, dash } = this.pipelines;
    const shown = scene.last - scene.first;
    pass.setBindGroup(0, this.viewGroup);
    pass.setPipeline(rect);
    pass.setVertexBuffer(0, this.grid);
    pass.draw(QUAD_VERTICES, scene.grid.length);
    if (shown > 0) {
      pass.setVertexBuffer(0, buckets, scene.first * RECORD_BYTES);
      pass.setPipeline(volume);
      pass.draw(QUAD_VERTICES, shown);
      pass.setPipeline(candle);
      pass.draw(CANDLE_VERTICES, shown);
    }
    pass.setPipeline(dash);
    pass.draw(QUAD_VERTICES, scene.dashes);
    pass.end();
  }

  private uploadGrid({ grid, gridVersion }: Scene): void {
    const bytes = packRects(grid);
    if (this.grid === null || this.grid.size < bytes.byteLength) {
      this.grid?.destroy();
      this.grid = this.device.createBuffer({
        size: Math.max(bytes.byteLength * 2, RECT_BYTES),
        usage: GPUBufferUsage.VERTEX | GPUBufferUsage.COPY_DST,
      });
    }
    this.device.queue.writeBuffer(this.grid, 0, bytes);
    this.gridVersion = gridVersion;
  }
}

function packRects(rects: readonly Rect[]): ArrayBuffer {
  const bytes = new ArrayBuffer(rects.length * RECT_BYTES);
  const view = new DataView(bytes);
  rects.forEach(({ x, y, width, height, color }, index) => {
    const at = index * RECT_BYTES;
    [x, y, width, height].forEach((value, i) => void view.setFloat32(at + i * 4, value, true));
    [...color, 255].forEach((value, i) => void view.setUint8(at + 16 + i, value));
  });
  return bytes;
}
