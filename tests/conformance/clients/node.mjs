// Runs the scenarios in Node.
// usage: node node.mjs '{"base": "ws://...", "refusing": "ws://...", "silent": "ws://..."}'
import { createRequire } from "node:module";
import { amounts } from "./amounts.mjs";
import { ask, say } from "./asking.mjs";
import { runAll } from "./driver.mjs";
import { scenarios } from "./scenarios.mjs";

const require = createRequire(new URL("../../../client_js/package.json", import.meta.url));
const addresses = JSON.parse(process.argv[2]);
const place = { ...addresses, phoenix: require("phoenix"), WebSocket: require("ws"), ask };

say({ results: await runAll(place, { ...amounts, ...scenarios }) });
process.exit(0);
