import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

const SHADER = /^(.*\.wgsl)\?raw$/;

/** Leaves comments and indentation out of shaders that are imported as text. */
export function minifiedShaders(): Plugin {
  return {
    name: "minified-shaders",
    enforce: "pre",
    load(id) {
      const [, file] = SHADER.exec(id) ?? [];
      if (file === undefined) return null;
      return `export default ${JSON.stringify(minified(readFileSync(file, "utf8")))};`;
    },
  };
}

/** The code without comments and most white space, for WGSL that has no block comments. */
export function minified(code: string): string {
  const lines = code.split("\n").map((line) => line.replace(/\/\/.*/, "").trim());
  return lines.join("\n").replace(/\s*([{}()[\];,:=+*&|<>])\s*/g, "$1");
}
