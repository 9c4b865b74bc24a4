import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const COMPRESSIBLE = /\.(css|html|js|json|mjs|npz|svg|wasm|wgsl)$/;
/** A copy must save this share of a file to be worth its place. */
const LEAST_GAIN = 0.1;

const COPIES = {
  ".br": (data: Buffer) =>
    brotliCompressSync(data, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: data.length,
      },
    }),
  ".gz": (data: Buffer) => gzipSync(data, { level: constants.Z_BEST_COMPRESSION }),
} as const;

/**
 * Lays a brotli and a gzip copy beside each file of the build, for the server to send to clients
 * that take it. `others` are files that the build copies as they are.
 */
export function compressed(folder: string, others: readonly string[]): Plugin {
  return {
    name: "compressed",
    apply: "build",
    writeBundle(_, bundle) {
      for (const name of [...Object.keys(bundle), ...others]) {
        if (COMPRESSIBLE.test(name)) compress(`${folder}/${name}`);
      }
    },
  };
}

function compress(path: string): void {
  const data = readFileSync(path);
  const { atime, mtime } = statSync(path);
  for (const [suffix, squeeze] of Object.entries(COPIES)) {
    const copy = squeeze(data);
    if (copy.length > data.length * (1 - LEAST_GAIN)) {
      rmSync(`${path}${suffix}`, { force: true });
      continue;
    }
    writeFileSync(`${path}${suffix}`, copy);
    utimesSync(`${path}${suffix}`, atime, mtime);
  }
}
