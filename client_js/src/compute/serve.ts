import { ComputeCore } from "./core";
import type { Report, Request } from "./messages";

/** One end of a channel of messages: a worker, its inside, or a `MessagePort`. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: "message" | "error", listener: (event: { data: unknown }) => void): void;
  /** A `MessagePort` holds messages back until it is started. */
  start?(): void;
  /** Close a port, or terminate a worker. */
  close?(): void;
  terminate?(): void;
}

/**
 * Serve requests that arrive on a port. The first one names the kernels; later ones wait until they
 * are loaded.
 */
export function serve(port: Port): void {
  let core: ComputeCore | null = null;
  let failed = false;
  const waiting: Request[] = [];
  const send = (report: Report): void => {
    port.postMessage(report, "data" in report ? [report.data.buffer] : []);
  };
  const fail = (error: unknown): void => {
    failed = true;
    send({ type: "failed", reason: error instanceof Error ? error.message : String(error) });
  };
  const take = (request: Request): void => {
    if (failed) return;
    try {
      const report = core?.take(request);
      if (report) send(report);
    } catch (error) {
      fail(error); // out of memory, or a fault of ours: half-done work is not to be built on
    }
  };
  const start = async ({ wasm, shared }: Request & { type: "start" }): Promise<void> => {
    core = new ComputeCore(typeof wasm === "string" ? await load(wasm) : wasm, shared);
    for (const request of waiting.splice(0)) take(request);
  };
  port.addEventListener("message", ({ data }) => {
    const request = data as Request;
    if (request.type === "start") start(request).catch(fail);
    else if (core === null) waiting.push(request);
    else take(request);
  });
  port.start?.();
}

async function load(url: string): Promise<WebAssembly.Module> {
  const response = await fetch(url);
  if (!response.ok)
    throw new Error(`the kernels cannot be loaded: ${url} gives ${response.status}`);
  return WebAssembly.compile(await response.arrayBuffer());
}
