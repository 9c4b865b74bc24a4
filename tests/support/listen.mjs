// Join a topic with the stock phoenix.js and print what comes, one JSON array a line:
// ["reply", response] and then [event, payload] for each event named.
// usage: node listen.mjs URL TOPIC PARAMS_JSON EVENT...   (ends when its standard input ends)
import { createRequire } from "node:module";

const require = createRequire(new URL("../../client_js/package.json", import.meta.url));
const { Socket } = require("phoenix");
const WebSocket = require("ws");

const [url, topic, params, ...events] = process.argv.slice(2);
const say = (...row) => process.stdout.write(`${JSON.stringify(row)}\n`);

const socket = new Socket(url, { transport: WebSocket });
socket.onError(() => say("socket_error", null));
socket.connect();
const channel = socket.channel(topic, JSON.parse(params));
for (const event of events) channel.on(event, (payload) => say(event, payload));
channel
  .join()
  .receive("ok", (response) => say("reply", response))
  .receive("error", (response) => say("error", response));

process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
