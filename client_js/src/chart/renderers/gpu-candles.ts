import { RECORD_FLOATS } from "../../store/column";
import { type Pipelines, RECORD_BYTES } from "./gpu-pipelines";
import type { Records } from "./renderer";

const WORKGROUP = 64;

/** The candles on the GPU, and their reduction to buckets when there are more than pixels. */
export class GpuCandles {
  private source: GPUBuffer;
  private reduced: GPUBuffer | null = null;
  private bindGroup: GPUBindGroup | null = null;
  private readonly lodUniform: GPUBuffer;
  private capacity = 0;
  private count = 0;
  private per = 1;
  /** Records that changed since `reduced` was computed: [from, to). */
  private from = 0;
  private to = 0;

  constructor(
    private readonly device: GPUDevice,
    private readonly pipelines: Pipelines,
  ) {
    this.lodUniform = device.createBuffer({
      size: 16,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    this.source = this.allocate(1024);
  }

  upload({ data, count }: Records, from: number, to: number): void {
    this.count = count;
    let first = from;
    let last = Math.min(to, count);
    if (count > this.capacity) {
      this.source.destroy();
      this.source = this.allocate(Math.max(count, this.capacity * 2));
      this.dropReduced();
      first = 0;
      last = count;
    }
    if (first >= last) return;
    const floats = (last - first) * RECORD_FLOATS;
    const at = first * RECORD_FLOATS;
    this.device.queue.writeBuffer(this.source, first * RECORD_BYTES, data, at, floats);
    this.from = Math.min(this.from, first);
    this.to = Math.max(this.to, last);
  }

  /** The buffer with buckets of `per` candles; encodes the work that updates it. */
  buckets(encoder: GPUCommandEncoder, per: number): GPUBuffer {
    if (per === 1) return this.source;
    if (this.reduced === null || this.bindGroup === null || per !== this.per) {
      this.dropReduced();
      this.per = per;
      this.reduced = this.buffer(Math.ceil(this.capacity / per));
      this.bindGroup = this.bind(this.reduced);
    }
    this.reduce(encoder, this.bindGroup);
    return this.reduced;
  }

  private reduce(encoder: GPUCommandEncoder, bindGroup: GPUBindGroup): void {
    const first = Math.floor(this.from / this.per);
    const last = Math.ceil(Math.min(this.to, this.count) / this.per);
    this.from = this.count;
    this.to = 0;
    if (first >= last) return;
    const range = new Uint32Array([this.count, this.per, first, last]);
    this.device.queue.writeBuffer(this.lodUniform, 0, range);
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.pipelines.lod);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(Math.ceil((last - first) / WORKGROUP));
    pass.end();
  }

  private bind(reduced: GPUBuffer): GPUBindGroup {
    const buffers = [this.source, reduced, this.lodUniform];
    return this.device.createBindGroup({
      layout: this.pipelines.lodLayout,
      entries: buffers.map((buffer, index) => ({ binding: index + 1, resource: { buffer } })),
    });
  }

  private dropReduced(): void {
    this.reduced?.destroy();
    this.reduced = null;
    this.from = 0;
    this.to = this.count;
  }

  private allocate(capacity: number): GPUBuffer {
    this.capacity = capacity;
    return this.buffer(capacity);
  }

  private buffer(records: number): GPUBuffer {
    return this.device.createBuffer({
      size: records * RECORD_BYTES,
      usage: GPUBufferUsage.VERTEX | GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
    });
  }
}
