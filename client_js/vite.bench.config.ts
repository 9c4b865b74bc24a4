import { defineConfig } from "vite";
import { minifiedShaders } from "./build/wgsl.ts";

/** The pages of bench/compute and bench/chart; the root is given on the command line. */
export default defineConfig({
  base: "./",
  publicDir: false,
  plugins: [minifiedShaders()],
  build: { target: "es2022", assetsInlineLimit: 0 },
});
