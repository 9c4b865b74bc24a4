import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";
import { compressed } from "./build/compress.ts";
import { minifiedShaders } from "./build/wgsl.ts";

const OUT = fileURLToPath(new URL("../server/tickfire/server/static", import.meta.url));

/**
 * Removes the assets of earlier builds when those of this one are there: a server goes on serving
 * meanwhile, and the browser's Python, which is built apart, stays.
 */
function removeFormerAssets(): Plugin {
  return {
    name: "remove-former-assets",
    apply: "build",
    writeBundle(_, bundle) {
      for (const name of readdirSync(`${OUT}/assets`)) {
        if (bundle[`assets/${name}`] === undefined)
          rmSync(`${OUT}/assets/${name}`, { force: true });
      }
    },
  };
}

const FIRST_PAINT = fileURLToPath(new URL("src/app/first-paint.js", import.meta.url));

/**
 * Serves the script that runs before the first paint. It is no module, since those run too late,
 * and not inlined, since the page's CSP refuses that.
 */
function classicScript(): Plugin {
  const source = readFileSync(FIRST_PAINT, "utf8");
  const hash = createHash("sha256").update(source).digest("base64url").slice(0, 8);
  const fileName = `assets/first-paint-${hash}.js`;
  const script = (src: string) => [
    { tag: "script", attrs: { src }, injectTo: "head-prepend" as const },
  ];
  let isBuild = false;
  return {
    name: "classic-script",
    configResolved: ({ command }) => {
      isBuild = command === "build";
    },
    generateBundle() {
      this.emitFile({ type: "asset", fileName, source });
    },
    transformIndexHtml: () => script(isBuild ? `./${fileName}` : "/src/app/first-paint.js"),
  };
}

/** The dashboard page: built into the server's package data, with shaders/ copied as it is. */
export default defineConfig({
  base: "./",
  publicDir: "shaders",
  plugins: [
    classicScript(),
    minifiedShaders(),
    removeFormerAssets(),
    compressed(OUT, readdirSync("shaders")),
  ],
  worker: { format: "es" },
  build: {
    outDir: OUT,
    emptyOutDir: false,
    target: "es2022",
    rolldownOptions: { input: ["index.html", "pipeline.html"] },
    modulePreload: { polyfill: false },
    // An inlined asset would be a data: URL, which the page's CSP refuses.
    assetsInlineLimit: 0,
  },
  server: { proxy: { "/socket": { target: "http://127.0.0.1:4000", ws: true } } },
});
