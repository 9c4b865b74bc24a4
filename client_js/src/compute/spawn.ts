/// <reference types="vite/client" />
import wasmUrl from "./generated/kernels.wasm?url";

/** A worker of ours. Throws where there are none, as in Node. */
export function spawnWorker(): Worker {
  if (typeof Worker === "undefined") {
    throw new Error("there are no web workers here: give Compute a port");
  }
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
}

/** Where the kernels are. */
export function kernelsUrl(): string {
  return new URL(wasmUrl, import.meta.url).href;
}
