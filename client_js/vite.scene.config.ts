import { defineConfig } from "vite";

/** The page that tests/render drives. */
export default defineConfig({
  root: "test/scene",
  base: "./",
  publicDir: "../../shaders",
  build: { outDir: "dist", emptyOutDir: true, target: "es2022", assetsInlineLimit: 0 },
});
