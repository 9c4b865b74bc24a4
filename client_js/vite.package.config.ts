import { copyFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";
import { minifiedShaders } from "./build/wgsl.ts";

const inside = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The package's parts, each of which can be imported by itself. */
const ENTRIES = ["alerts", "chart", "compute", "feed", "models", "store", "tools"];

/** Lays the worker and kernels.wasm beside the package's module, and names them in it. */
function besideEachOther(): Plugin {
  return {
    name: "beside-each-other",
    enforce: "pre",
    resolveId(source, importer) {
      const isSpawn = source === "./spawn" && importer?.includes("/src/compute/");
      return isSpawn ? inside("src/compute/spawn-package.ts") : null;
    },
    renderChunk(code) {
      return code
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
      },
      formats: ["es"],
    },
    rolldownOptions: {
      external: ["phoenix"],
      optimization: { inlineConst: true },
      output: { entryFileNames: "[name].js", chunkFileNames: "[name].js", topLevelVar: false },
    },
  },
});
