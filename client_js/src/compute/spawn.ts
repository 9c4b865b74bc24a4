/// <reference types="vite/client" />
import wasmUrl from "./generated/kernels.wasm?url";

/** Start the compute worker; throws where there are no web workers, as in Node. */
export function spawnWorker(): Worker {
  if (typeof Worker === "undefined") {
    throw new Error("web workers are not available here: pass a port to Compute");
  }
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
}

/** The address of kernels.wasm. */
export function kernelsUrl(): string {
  return new URL(wasmUrl, import.meta.url).href;
}
