// How a script in Node talks to the test that runs it. Its standard output is one JSON object a line:
// {"ask": what}, which it wants done and answered by a line on its standard input, and in the end
// {"results": what each scenario saw}.
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin });

export const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

export const ask = (what) =>
  new Promise((resolve) => {
    lines.once("line", resolve);
    say({ ask: what });
  });
