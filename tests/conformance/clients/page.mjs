// Runs the scenarios in a page. The test that opens the page provides `ask`, and calls `run`.
import * as phoenix from "phoenix";
import { amounts } from "./amounts.mjs";
import { runAll } from "./driver.mjs";
import { scenarios } from "./scenarios.mjs";

globalThis.run = (addresses) =>
  runAll({ ...addresses, phoenix, WebSocket, ask: globalThis.ask }, { ...amounts, ...scenarios });
