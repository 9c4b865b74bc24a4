/// <reference types="vite/client" />
import shader from "../../../shaders/candles.wgsl?raw";
import type { Renderer, RendererName } from "./renderer";

/** Number of device losses within LOSS_WINDOW_MS after which Canvas2D takes over. */
const MAX_LOSSES = 3;
const LOSS_WINDOW_MS = 60_000;

/**
 * Chooses the renderer and replaces it when its device is lost: WebGPU on a real adapter, Canvas2D
 * elsewhere (a software adapter presents more slowly than a canvas), or the user's choice. Only the
 * chosen one is loaded.
 */
export class RendererHost {
  current: Renderer | null = null;
  /** Resolves once there is a renderer, or none can be had. */
  ready: Promise<void> | null = null;
  private losses: number[] = [];
  private disposed = false;

  /**
   * `onReady` is called with each new renderer, which then has nothing uploaded yet; `onFailure` with
   * a sentence if none can be had.
   */
  constructor(
    private readonly parent: HTMLElement,
    private readonly wanted: RendererName | null,
    private readonly onReady: (renderer: Renderer) => void,
    private readonly onFailure: (reason: string) => void,
  ) {}

  start(): void {
    this.ready = this.begin();
  }

  dispose(): void {
    this.disposed = true;
    this.current?.dispose();
    this.current = null;
  }

  private async begin(): Promise<void> {
    try {
      this.take(await this.create());
    } catch (error) {
      this.onFailure(`The chart cannot be drawn: ${String(error)}`);
    }
  }

  private take(renderer: Renderer): void {
    if (this.disposed) {
      renderer.dispose();
      return;
    }
    this.current = renderer;
    this.parent.prepend(renderer.canvas);
    this.onReady(renderer);
  }

  private async create(): Promise<Renderer> {
    if (this.wanted !== "canvas2d" && this.losses.length < MAX_LOSSES) {
      try {
        const renderer = await this.createWebgpu();
        if (renderer !== null) return renderer;
      } catch (error) {
        console.warn("WebGPU cannot be used, Canvas2D is:", error);
      }
    }
    const { Canvas2dRenderer } = await import("./canvas2d");
    return new Canvas2dRenderer(newCanvas());
  }

  private async createWebgpu(): Promise<Renderer | null> {
    // Absent where the page is not a secure context.
    if (!("gpu" in navigator)) return null;
    const adapter = await navigator.gpu.requestAdapter();
    if (adapter === null) return null;
    if (adapter.info.isFallbackAdapter && this.wanted !== "webgpu") return null;
    const [device, { WebgpuRenderer }] = await Promise.all([
      adapter.requestDevice(),
      import("./webgpu"),
    ]);
    return WebgpuRenderer.create(newCanvas(), device, shader, (reason) => this.lost(reason));
  }

  private lost(reason: string): void {
    if (this.disposed || this.current === null) return;
    console.warn("the WebGPU device was lost, it is set up again:", reason);
    const now = performance.now();
    this.losses = [...this.losses.filter((at) => now - at < LOSS_WINDOW_MS), now];
    this.current.canvas.remove();
    this.current = null;
    this.start();
  }
}

function newCanvas(): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.className = "pane-canvas";
  return canvas;
}
