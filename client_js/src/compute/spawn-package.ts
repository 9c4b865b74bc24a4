/**
 * Replaces spawn.ts in the npm package, whose worker and kernels are files beside it. The build
 * inserts their names as the literals that bundlers look for.
 */
declare const WORKER_FILE: string;
declare const KERNELS_FILE: string;

/** Start the compute worker; throws where there are no web workers, as in Node. */
export function spawnWorker(): Worker {
  if (typeof Worker === "undefined") {
    throw new Error("web workers are not available here: pass a port to Compute");
  }
  return new Worker(new URL(WORKER_FILE, import.meta.url), { type: "module" });
}

/** The address of kernels.wasm. */
export function kernelsUrl(): string {
  return new URL(KERNELS_FILE, import.meta.url).href;
}
