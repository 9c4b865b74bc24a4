// Indicators in Node: node examples/indicators.mjs
//
// A browser has web workers, and there `new Compute()` is all. Here the other end of a channel does
// the work, in the same thread.
import { readFile } from "node:fs/promises";
import { Compute, serve } from "tickfire";

const { port1, port2 } = new MessageChannel();
serve(port2);
const file = new URL(import.meta.resolve("tickfire/kernels.wasm"));
const compute = new Compute({ port: port1, wasm: await WebAssembly.compile(await readFile(file)) });

const close = Float64Array.from({ length: 40 }, (_, i) => 100 + 5 * Math.sin(i / 4));
const history = compute.history("WAVE", "1m");
history.set({
  time: Float64Array.from(close, (_, i) => 60_000 * i),
  open: close.slice(),
  high: close.map((each) => each + 1),
  low: close.map((each) => each - 1),
  close,
  volume: new Float64Array(40).fill(10),
});
const ema = compute.indicator("ema", { period: 10 });
const rsi = compute.indicator("rsi");
await compute.settled();
process.stdout.write(`${ema.title}: ${ema.values.at(-1)?.toFixed(4)}\n`);
process.stdout.write(`${rsi.title}: ${rsi.values.at(-1)?.toFixed(4)}\n`);
compute.dispose();
