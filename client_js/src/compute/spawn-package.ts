/**
 * What stands in for spawn.ts in the npm package, whose worker and kernels are files beside it. The
 * build writes their names in, as the literals that other people's bundlers look for.
 */
declare const WORKER_FILE: string;
declare const KERNELS_FILE: string;

/** A worker of ours. Throws where there are none, as in Node. */
export function spawnWorker(): Worker {
  if (typeof Worker === "undefined") {
    throw new Error("there are no web workers here: give Compute a port");
  }
  return new Worker(new URL(WORKER_FILE, import.meta.url), { type: "module" });
}

/** Where the kernels are. */
export function kernelsUrl(): string {
  return new URL(KERNELS_FILE, import.meta.url).href;
}
