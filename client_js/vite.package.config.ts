import { copyFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";
import { minifiedShaders } from "./build/wgsl.ts";

const inside = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The package's parts, each of which can be imported by itself. */
const ENTRIES = [
  "alerts",
  "chart",
  "compare",
  "compute",
  "feed",
  "models",
  "python",
  "store",
  "tools",
];

/** The folders whose module spawn.ts starts a worker. */
const SPAWNING = /\/src\/(compute|python)\//;

/** Lays the workers and kernels.wasm beside the package's modules, and names them there. */
function besideEachOther(): Plugin {
  return {
    name: "beside-each-other",
    enforce: "pre",
    resolveId(source, importer) {
      const part = source === "./spawn" && importer?.match(SPAWNING)?.[1];
      return part ? inside(`src/${part}/spawn-package.ts`) : null;
    },
    renderChunk(code) {
      return code
        .replaceAll("PYTHON_WORKER_FILE", '"./python-worker.js"')
        .replaceAll("WORKER_FILE", '"./compute-worker.js"')
        .replaceAll("KERNELS_FILE", '"./kernels.wasm"');
    },
    writeBundle({ dir }) {
      copyFileSync(inside("src/compute/generated/kernels.wasm"), `${dir}/kernels.wasm`);
    },
  };
}

/** The npm package, for browsers and Node, without phoenix. */
export default defineConfig({
  publicDir: false,
  plugins: [minifiedShaders(), besideEachOther()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    minify: false,
    cssMinify: true,
    // Nesting is left as it is written.
    cssTarget: ["chrome120", "firefox117", "safari17.2"],
    lib: {
      entry: {
        tickfire: "src/index.ts",
        ...Object.fromEntries(ENTRIES.map((name) => [name, `src/entries/${name}.ts`])),
        "compute-worker": "src/compute/worker.ts",
        "python-worker": "src/python/worker.ts",
      },
      formats: ["es"],
    },
    rolldownOptions: {
      external: ["phoenix", /^@codemirror\//, /^@lezer\//],
      optimization: { inlineConst: true },
      output: { entryFileNames: "[name].js", chunkFileNames: "[name].js", topLevelVar: false },
    },
  },
});
