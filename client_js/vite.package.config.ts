import { defineConfig } from "vite";

/** The npm package: feed, store and formats for browsers and Node, with phoenix left outside. */
export default defineConfig({
  publicDir: false,
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    minify: false,
    lib: { entry: "src/index.ts", formats: ["es"], fileName: () => "tickfire.js" },
    rolldownOptions: { external: ["phoenix"] },
  },
});
