import { defineConfig } from "vite";

/** The page that bench/run.py drives. */
export default defineConfig({
  root: "bench",
  base: "./",
  publicDir: "../shaders",
  build: { outDir: "dist", emptyOutDir: true, target: "es2022", assetsInlineLimit: 0 },
});
