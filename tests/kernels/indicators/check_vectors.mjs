/** First word of the memory that is given to kernels. */
const FIRST = 1024;

/**
 * Run the vectors of vectors.py over a module; returns how many values were compared. Throws an
 * Error that names the first vector whose results are not native's, bit for bit.
 */
export function check(module, vectors, buffer) {
  const blob = new BigUint64Array(buffer);
  const blobFloats = new Float64Array(buffer);
  const memory = new WebAssembly.Memory({ initial: 64 });
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
    if (!same) throw new Error(`vector ${index}, ${vector.kernel}: not the bits of native`);
  }
  return values;
}
