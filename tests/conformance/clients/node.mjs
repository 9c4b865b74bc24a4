// Runs the scenarios in Node. Its standard output is one JSON object a line: {"ask": what}, which it wants
// done and answered by a line on its standard input, and in the end {"results": what each scenario saw}.
// usage: node node.mjs '{"base": "ws://...", "refusing": "ws://...", "silent": "ws://..."}'
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { amounts } from "./amounts.mjs";
import { runAll } from "./driver.mjs";
import { scenarios } from "./scenarios.mjs";

const require = createRequire(new URL("../../../client_js/package.json", import.meta.url));
const lines = createInterface({ input: process.stdin });
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const place = {
  ...JSON.parse(process.argv[2]),
  phoenix: require("phoenix"),
  WebSocket: require("ws"),
  ask: (what) =>
    new Promise((resolve) => {
      lines.once("line", resolve);
      say({ ask: what });
    }),
};

say({ results: await runAll(place, { ...amounts, ...scenarios }) });
process.exit(0);
