import { type Scene, VIEW_FLOATS } from "../scene";
import { GpuCandles } from "./gpu-candles";
import { createPipelines, type Pipelines, RECORD_BYTES } from "./gpu-pipelines";
import { GpuRects } from "./gpu-rects";
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
  private readonly grid: GpuRects;
  private readonly under: GpuRects;
  private readonly over: GpuRects;

  private constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly device: GPUDevice,
    private readonly pipelines: Pipelines,
    context: GPUCanvasContext,
  ) {
    this.context = context;
    this.candles = new GpuCandles(device, pipelines);
    this.grid = new GpuRects(device);
    this.under = new GpuRects(device);
    this.over = new GpuRects(device);
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
    this.grid.uploadRects(scene.grid, scene.gridVersion);
    this.under.upload(scene.under, scene.under.version);
    this.over.upload(scene.over, scene.over.version);
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
    this.grid.draw(pass);
    this.under.draw(pass);
    if (shown > 0) {
      pass.setVertexBuffer(0, buckets, scene.first * RECORD_BYTES);
      pass.setPipeline(volume);
      pass.draw(QUAD_VERTICES, shown);
      pass.setPipeline(candle);
      pass.draw(CANDLE_VERTICES, shown);
    }
    if (scene.dashes > 0) {
      pass.setPipeline(dash);
      pass.draw(QUAD_VERTICES, scene.dashes);
    }
    pass.setPipeline(rect);
    this.over.draw(pass);
    pass.end();
  }
}
