// The stock phoenix.js on one market topic, over either transport; it joins again after the last id
// that it has. Prints one JSON array a line: ["open", transport], ["closed", null], ["reply", response],
// ["error", response], and [event, payload] for each event named.
// usage: node fallback.mjs URL OPTIONS_JSON TOPIC PARAMS_JSON EVENT...   (ends when its standard input ends)
// Options are those of phoenix.js, and `polled` to begin with long-poll.
import { createRequire } from "node:module";

const require = createRequire(new URL("../../client_js/package.json", import.meta.url));
const { LongPoll, Socket } = require("phoenix");
const WebSocket = require("ws");

const [url, options, topic, params, ...events] = process.argv.slice(2);
const say = (...row) => process.stdout.write(`${JSON.stringify(row)}\n`);
console.log = (...values) => process.stderr.write(`${values.join(" ")}\n`); // phoenix.js's own

const { polled, ...others } = JSON.parse(options);
const socket = new Socket(url, { transport: polled ? LongPoll : WebSocket, ...others });
socket.onOpen(() => say("open", socket.transport === LongPoll ? "longpoll" : "websocket"));
socket.onClose(() => say("closed", null));
socket.connect();

let last = {};
const channel = socket.channel(topic, () => ({ ...JSON.parse(params), ...last }));
const remember = ({ id }) => {
  if (id !== undefined) last = { since: id };
};
for (const event of events)
  channel.on(event, (payload) => {
    remember(payload);
    say(event, payload);
  });
channel
  .join()
  .receive("ok", (response) => {
    remember(response);
    say("reply", response);
  })
  .receive("error", (response) => say("error", response));

process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
