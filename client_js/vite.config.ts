import { existsSync, readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const OUT = fileURLToPath(new URL("../server/tickfire/server/static", import.meta.url));
/** Built apart, by `make wasm`. */
const KEPT = "pyodide";

/** Empties the folder of what was built before, but for the browser's Python. */
function emptyButForPython(): Plugin {
  return {
    name: "empty-but-for-python",
    apply: "build",
    buildStart() {
      if (!existsSync(OUT)) return;
      for (const name of readdirSync(OUT)) {
        if (name !== KEPT) rmSync(`${OUT}/${name}`, { recursive: true });
      }
    },
  };
}

/** The dashboard page: built into the server's package data, with shaders/ copied as it is. */
export default defineConfig({
  base: "./",
  publicDir: "shaders",
  plugins: [emptyButForPython()],
  worker: { format: "es" },
  build: {
    outDir: OUT,
    emptyOutDir: false,
    target: "es2022",
    modulePreload: { polyfill: false },
    // An inlined asset would be a data: URL, which the page's CSP refuses.
    assetsInlineLimit: 0,
  },
  server: { proxy: { "/socket": { target: "http://127.0.0.1:4000", ws: true } } },
});
