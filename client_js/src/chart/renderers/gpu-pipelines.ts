import { RECORD_FLOATS } from "../../store/column";
import { RECT_BYTES } from "../rect-batch";

/** Bytes of one candle on the GPU. */
export const RECORD_BYTES = RECORD_FLOATS * 4;

/** The pipelines of candles.wgsl. */
export interface Pipelines {
  rect: GPURenderPipeline;
  volume: GPURenderPipeline;
  candle: GPURenderPipeline;
  dash: GPURenderPipeline;
  lod: GPUComputePipeline;
  viewLayout: GPUBindGroupLayout;
  lodLayout: GPUBindGroupLayout;
}

const RECORD_LAYOUT: GPUVertexBufferLayout = {
  arrayStride: RECORD_BYTES,
  stepMode: "instance",
  attributes: [
    { format: "float32x4", offset: 0, shaderLocation: 0 },
    { format: "float32", offset: 16, shaderLocation: 1 },
  ],
};

const RECT_LAYOUT: GPUVertexBufferLayout = {
  arrayStride: RECT_BYTES,
  stepMode: "instance",
  attributes: [
    { format: "float32x4", offset: 0, shaderLocation: 0 },
    { format: "unorm8x4", offset: 16, shaderLocation: 1 },
  ],
};

/** Compile candles.wgsl for a canvas of `format`. */
export async function createPipelines(
  device: GPUDevice,
  code: string,
  format: GPUTextureFormat,
): Promise<Pipelines> {
  const module = device.createShaderModule({ code, label: "candles.wgsl" });
  const viewLayout = device.createBindGroupLayout({
    entries: [{ binding: 0, visibility: GPUShaderStage.VERTEX, buffer: { type: "uniform" } }],
  });
  const lodLayout = device.createBindGroupLayout({ entries: lodEntries() });
  const layout = device.createPipelineLayout({ bindGroupLayouts: [viewLayout] });
  const render = (entryPoint: string, buffers: GPUVertexBufferLayout[]) =>
    device.createRenderPipelineAsync({
      layout,
      vertex: { module, entryPoint, buffers },
      fragment: { module, entryPoint: "fs", targets: [{ format }] },
      primitive: { topology: "triangle-list" },
    });
  const [rect, volume, candle, dash, lod] = await Promise.all([
    render("vs_rect", [RECT_LAYOUT]),
    render("vs_volume", [RECORD_LAYOUT]),
    render("vs_candle", [RECORD_LAYOUT]),
    render("vs_dash", []),
    device.createComputePipelineAsync({
      layout: device.createPipelineLayout({ bindGroupLayouts: [lodLayout] }),
      compute: { module, entryPoint: "cs_lod" },
    }),
  ]);
  return { rect, volume, candle, dash, lod, viewLayout, lodLayout };
}

function lodEntries(): GPUBindGroupLayoutEntry[] {
  const types: GPUBufferBindingType[] = ["read-only-storage", "storage", "uniform"];
  return types.map((type, index) => ({
    binding: index + 1,
    visibility: GPUShaderStage.COMPUTE,
    buffer: { type },
  }));
}
