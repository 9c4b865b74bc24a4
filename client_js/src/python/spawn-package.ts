/**
 * Replaces spawn.ts in the npm package, whose worker is a file beside it. The build inserts its name
 * as the literal that bundlers look for.
 */
declare const PYTHON_WORKER_FILE: string;

/** Start the worker that Python runs in. */
export function spawnWorker(): Worker {
  return new Worker(new URL(PYTHON_WORKER_FILE, import.meta.url), { type: "module" });
}
