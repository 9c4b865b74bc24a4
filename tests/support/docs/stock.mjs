// The stock phoenix.js under remote control. Each line of standard input is a command, a JSON array
// [id, name, arguments...]; each line of standard output is [id, result] or [null, topic, event, payload].
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(new URL("../../../client_js/package.json", import.meta.url));
const { LongPoll, Presence, Socket } = require("phoenix");
const WebSocket = require("ws");

// The WebSocket and the `fetch` of a browser that has a cookie.
const withCookie = (cookie) => {
  const { fetch } = globalThis;
  globalThis.fetch = (url, init) => fetch(url, { ...init, headers: { ...init.headers, cookie } });
  return class extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols, { headers: { cookie } });
    }
  };
};

const say = (...message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const channels = new Map();
let socket;

const outcome = (push) =>
  new Promise((resolve) =>
    ["ok", "error", "timeout"].forEach((status) =>
      push.receive(status, (response) => resolve([status, response])),
    ),
  );

const commands = {
  // Resolves when the connection is open, or refused.
  connect: (url, { polled, cookie, ...options }) => {
    const Connection = cookie ? withCookie(cookie) : WebSocket;
    socket = new Socket(url, {
      transport: polled ? LongPoll : Connection,
      reconnectAfterMs: () => 60_000,
      timeout: 60_000, // of a push, or a poll: a busy machine is slow
      ...options,
    });
    socket.onClose(({ code }) => say(null, "socket", "closed", code ?? null));
    return new Promise((resolve) => {
      socket.onOpen(() => resolve("open"));
      socket.onError(() => resolve("refused"));
      socket.connect();
    });
  },
  join: (topic, params) => {
    const channel = socket.channel(topic, params);
    channels.set(topic, channel);
    channel.onMessage = (event, payload) => {
      if (!/^(phx_|chan_reply_)/.test(event)) say(null, topic, event, payload);
      return payload;
    };
    const people = new Presence(channel);
    people.onSync(() => say(null, topic, "people", people.list((key, entry) => ({ key, ...entry }))));
    return outcome(channel.join());
  },
  push: (topic, event, payload) => outcome(channels.get(topic).push(event, payload)),
  leave: (topic) => outcome(channels.get(topic).leave()),
};

for await (const line of createInterface({ input: process.stdin })) {
  const [id, name, ...values] = JSON.parse(line);
  commands[name](...values).then((result) => say(id, result));
}
process.exit(0);
