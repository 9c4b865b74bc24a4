import { defineConfig } from "vite";

/** The dashboard page: built into the server's package data, with shaders/ copied as it is. */
export default defineConfig({
  base: "./",
  publicDir: "shaders",
  build: {
    outDir: "../server/tickfire/server/static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    // An inlined asset would be a data: URL, which the page's CSP refuses.
    assetsInlineLimit: 0,
  },
  server: { proxy: { "/socket": { target: "http://127.0.0.1:4000", ws: true } } },
});
