// The WebAssembly side of `python -m bench.kernels`: takes one kernel per line, answers with ms.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const PAGE_BYTES = 65_536;
const [wasmPath, dataPath] = process.argv.slice(2);
const data = readFileSync(dataPath);
const module = new WebAssembly.Module(readFileSync(wasmPath));

/** One line: {"name", "rounds", "parameters": [{"value"} | {"bigint"} | {"at", "length"} | {"zeros"}]} */
function measure({ name, rounds, parameters }) {
  const words = parameters.reduce((sum, p) => sum + (p.length ?? p.zeros ?? 0), 0);
  const pages = Math.ceil((words * 8) / PAGE_BYTES) + 1;
  const memory = new WebAssembly.Memory({ initial: pages });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const bytes = new Uint8Array(memory.buffer);
  const states = [];
  const given = [];
  let at = 1024;
  for (const p of parameters) {
    const length = p.length ?? p.zeros;
    if (length === undefined) {
      given.push(p.bigint === undefined ? p.value : BigInt(p.bigint));
      continue;
    }
    given.push(at, length);
    if (p.zeros === undefined) bytes.set(data.subarray(p.at, p.at + length * 8), at);
    else states.push(new Float64Array(memory.buffer, at, length));
    at += length * 8;
  }
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    for (const state of states) state.fill(0);
    const start = process.cpuUsage();
    if (exports[name](...given) < 0) throw new Error(`${name}: wrong lengths`);
    const spent = process.cpuUsage(start);
    best = Math.min(best, (spent.user + spent.system) / 1_000);
  }
  return best;
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(measure(JSON.parse(line)));
}
