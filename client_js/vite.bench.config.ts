import { defineConfig } from "vite";
import { minifiedShaders } from "./build/wgsl.ts";

/** The page that bench/run.py drives. */
export default defineConfig({
  root: "bench",
  base: "./",
  publicDir: false,
  plugins: [minifiedShaders()],
  build: { outDir: "dist", emptyOutDir: true, target: "es2022", assetsInlineLimit: 0 },
});
