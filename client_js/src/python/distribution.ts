import type { loadPyodide, PyodideAPI } from "pyodide";
import type { Stage } from "./messages";

const POINTER = "current.json";
const PACKAGE = "tickfire-browser";

/** `current.json`: the folder of the present build, and its snapshot if one was made. */
interface Pointer {
  folder: string;
  snapshot: string | null;
}

interface Core {
  loadPyodide: typeof loadPyodide;
}

export type Progress = (stage: Stage, loaded: number, total: number) => void;

export interface Loaded {
  pyodide: PyodideAPI;
  fromSnapshot: boolean;
}

/** Start Python from the distribution at `base`: from its snapshot, or cold where that fails. */
export async function load(base: string, progress: Progress): Promise<Loaded> {
  const pointer = await pointerOf(new URL(POINTER, base));
  const folder = new URL(`${pointer.folder}/`, base);
  const address = new URL("pyodide.mjs", folder).href;
  const core = import(/* @vite-ignore */ /* webpackIgnore: true */ address) as Promise<Core>;
  const { snapshot } = pointer;
  const memory = snapshot === null ? null : download(new URL(snapshot, folder), progress);
  memory?.catch(() => {}); // told where it is awaited
  const { loadPyodide } = await core;
  const started = await start(loadPyodide, folder.href, memory, progress);
  progress("kernels", 0, 0);
  await started.pyodide.loadPackage(PACKAGE, { messageCallback() {} });
  return started;
}

async function start(
  loadCore: typeof loadPyodide,
  indexURL: string,
  memory: Promise<Uint8Array> | null,
  progress: Progress,
): Promise<Loaded> {
  if (memory !== null) {
    try {
      const pyodide = await loadCore({ indexURL, _loadSnapshot: memory });
      return { pyodide, fromSnapshot: true };
    } catch (error) {
      // The snapshot cannot be loaded, or the engine refuses it: a cold start takes longer but
      // always works.
      console.warn(`tickfire: Python starts without its snapshot: ${brief(error)}`);
    }
  }
  progress("start", 0, 0);
  return { pyodide: await loadCore({ indexURL }), fromSnapshot: false };
}

/** Read `current.json`; an error says where a distribution was looked for. */
async function pointerOf(url: URL): Promise<Pointer> {
  const none = (why: string) =>
    new Error(`there is no Python at ${url} (${why}): run make wasm and serve its folder pyodide`);
  const answer = await fetch(url, { cache: "no-cache" }).catch((error) => {
    throw none(brief(error));
  });
  if (!answer.ok) throw none(`status ${answer.status}`);
  const pointer: Partial<Pointer> = await answer.json().catch(() => ({}));
  if (typeof pointer.folder !== "string") throw none("another file is served there");
  return { folder: pointer.folder, snapshot: pointer.snapshot ?? null };
}

/** The snapshot's bytes. */
async function download(url: URL, progress: Progress): Promise<Uint8Array> {
  const answer = await fetch(url);
  if (!answer.ok || answer.body === null) throw new Error(`${url.pathname}: ${answer.status}`);
  const total = Number(answer.headers.get("content-length") ?? 0);
  let loaded = 0;
  const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      loaded += chunk.length;
      progress("download", loaded, total);
      controller.enqueue(chunk);
    },
    flush() {
      progress("start", 0, 0);
    },
  });
  const whole = answer.body.pipeThrough(counted).pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(whole).arrayBuffer());
}

/** One line of an error, whose text may quote a whole script. */
export function brief(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return (text.trim().split("\n").at(-1) ?? "").slice(0, 300);
}
