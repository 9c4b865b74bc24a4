// Runs the vectors of vectors.py over a kernels.wasm: node vectors.mjs kernels.wasm vectors.json blob
import { readFileSync } from "node:fs";
import { check } from "./check_vectors.mjs";

const [wasmPath, jsonPath, blobPath] = process.argv.slice(2);
const vectors = JSON.parse(readFileSync(jsonPath, "utf8"));
const { buffer, byteOffset, length } = readFileSync(blobPath);
const blob = buffer.slice(byteOffset, byteOffset + length);
try {
  const values = check(new WebAssembly.Module(readFileSync(wasmPath)), vectors, blob);
  console.log(`${vectors.length} vectors, ${values} values`);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
