// Runs the vectors of vectors.py over a kernels.wasm: node vectors.mjs kernels.wasm vectors.json blob
import { readFileSync } from "node:fs";

const [wasmPath, jsonPath, blobPath] = process.argv.slice(2);
const vectors = JSON.parse(readFileSync(jsonPath, "utf8"));
const bytes = readFileSync(blobPath);
const blob = new BigUint64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
const blobFloats = new Float64Array(blob.buffer);
const FIRST = 1024;

const memory = new WebAssembly.Memory({ initial: 64 });
const module = new WebAssembly.Module(readFileSync(wasmPath));
const { exports } = new WebAssembly.Instance(module, { env: { memory } });
const words = new BigUint64Array(memory.buffer);
const floats = new Float64Array(memory.buffer);

let values = 0;
for (const [index, vector] of vectors.entries()) {
  let at = FIRST;
  const given = [];
  const arrays = [];
  for (const [kind, value, length, expected] of vector.arguments) {
    if (kind === "array") {
      words.set(blob.subarray(value, value + length), at);
      given.push(at * 8, length);
      arrays.push([at, length, expected]);
      at += length;
    } else if (kind === "float") given.push(blobFloats[value]);
    else given.push(kind === "long" ? BigInt(value) : value);
  }
  const result = exports[vector.kernel](...given);
  let same = result === vector.result;
  for (const [start, length, expected] of arrays) {
    for (let i = 0; i < length; i++) {
      const nan = Number.isNaN(floats[start + i]) && Number.isNaN(blobFloats[expected + i]);
      same &&= nan || words[start + i] === blob[expected + i];
    }
    values += length;
  }
  if (!same) {
    console.error(`vector ${index}, ${vector.kernel}: not the bits of native`);
    process.exit(1);
  }
}
console.log(`${vectors.length} vectors, ${values} values`);
