import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { minifiedShaders } from "./build/wgsl.ts";

const inside = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The chart in Jupyter: one module, which the wheel of tickfire-client ships. */
export default defineConfig({
  publicDir: false,
  plugins: [minifiedShaders()],
  build: {
    outDir: "../server/client/tickfire/client/notebook/static",
    emptyOutDir: true,
    target: "es2022",
    lib: { entry: inside("src/notebook/widget.ts"), formats: ["es"], fileName: () => "chart.js" },
    rolldownOptions: { output: { codeSplitting: false } },
  },
});
