// Drives the conformance app with the stock phoenix.js and prints one JSON object: what each scenario saw.
// usage: node stock_client.mjs PORT
import { createRequire } from "node:module";

const require = createRequire(new URL("../../client_js/package.json", import.meta.url));
const { LongPoll, Presence, Socket } = require("phoenix");
const WebSocket = require("ws");

const PATIENCE_MS = 8_000;
const base = `ws://127.0.0.1:${process.argv[2]}`;
const sockets = [];

function open(path, options = {}) {
  const socket = new Socket(base + path, {
    transport: WebSocket,
    reconnectAfterMs: () => 50,
    rejoinAfterMs: () => 50,
    ...options,
  });
  sockets.push(socket);
  socket.connect();
  return socket;
}

function within(promise, what) {
  const late = new Promise((_, reject) =>
    setTimeout(() => reject(new Error(`${what}: nothing came`)), PATIENCE_MS),
  );
  return Promise.race([promise, late]);
}

const answer = (push, what) =>
  within(
    new Promise((resolve) =>
      push
        .receive("ok", (response) => resolve(["ok", response]))
        .receive("error", (response) => resolve(["error", response])),
    ),
    what,
  );

const event = (channel, name) =>
  within(new Promise((resolve) => channel.on(name, resolve)), `event ${name}`);

async function joined(socket, topic, params = {}) {
  const channel = socket.channel(topic, params);
  return [channel, await answer(channel.join(), `join of ${topic}`)];
}

const bytes = (buffer) => Array.from(new Uint8Array(buffer));

async function conversation(options) {
  const a = open("/socket", { ...options, params: { user_id: "1" } });
  const b = open("/socket", { ...options, params: { user_id: "2" } });
  const [room, join] = await joined(a, "room:stock", { n: 1 });
  const [other] = await joined(b, "room:stock");
  const echo = await answer(room.push("echo", { deep: [1, null, "é"] }), "echo");
  const refused = await answer(room.push("echo_error", { no: true }), "echo_error");
  const heard = Promise.all([event(room, "shout"), event(other, "shout")]);
  const broadcast = await answer(room.push("broadcast", { loud: 1 }), "broadcast");
  const shouts = await heard;
  const [, denied] = await joined(a, "room:deny");
  const [, unmatched] = await joined(a, "nosuch:1");
  const left = await answer(room.leave(), "leave");
  return { join, echo, refused, broadcast, shouts, denied, unmatched, left };
}

async function binary() {
  const [room] = await joined(open("/socket"), "room:binary");
  const sent = new Uint8Array([0, 255, 1]).buffer;
  const [status, reply] = await answer(room.push("echo", sent), "binary echo");
  const pushed = event(room, "pushed");
  const shout = event(room, "shout");
  room.push("push_me", sent);
  room.push("broadcast", sent);
  return { status, reply: bytes(reply), pushed: bytes(await pushed), shout: bytes(await shout) };
}

async function crashAndReconnect() {
  const socket = open("/socket");
  const [room] = await joined(socket, "room:crash");
  let joins = 0;
  room.joinPush.receive("ok", () => joins++);
  const crashed = within(new Promise((resolve) => room.onError(resolve)), "phx_error");
  room.push("raise", {});
  await crashed;
  const afterCrash = await answer(room.push("echo", { again: 1 }), "echo after the crash");
  const closed = within(new Promise((resolve) => socket.onClose(resolve)), "close");
  room.push("kill_transport", {});
  await closed;
  const afterCut = await answer(room.push("echo", { again: 2 }), "echo after the cut");
  return { afterCrash, afterCut, rejoined: joins >= 2 };
}

async function presence(options) {
  const topic = `presence:stock${options.transport === LongPoll ? "poll" : ""}`;
  const a = open("/socket", options);
  const b = open("/socket", options);
  const channel = a.channel(topic, { user: "ann", meta: { at: "desk" } });
  const people = new Presence(channel);
  const names = () => people.list((name) => name).sort();
  const until = (wanted) =>
    within(
      new Promise((resolve) => {
        const look = () => names().join() === wanted.join() && resolve(names());
        people.onSync(look);
        look();
      }),
      `presence of ${wanted}`,
    );
  await answer(channel.join(), "join");
  const alone = await until(["ann"]);
  const [other] = await joined(b, topic, { user: "bob" });
  const both = await until(["ann", "bob"]);
  await answer(channel.push("update", { at: "lunch" }), "update");
  await answer(other.leave(), "leave");
  const again = await until(["ann"]);
  const meta = people.list((_, { metas }) => metas.map(({ at }) => at))[0];
  return { alone, both, again, meta };
}

async function authToken() {
  const good = await joined(open("/socket_auth", { authToken: "good" }), "room:auth");
  const polled = await joined(
    open("/socket_auth", { authToken: "good", transport: LongPoll }),
    "room:auth",
  );
  return { good: good[1][0], polled: polled[1][0] };
}

// A WebSocket that never gets through, as behind some proxies.
class Blocked extends WebSocket {
  constructor() {
    super("ws://127.0.0.1:1/blocked");
    this.on("error", () => {});
  }
}

async function fallback() {
  const kept = new Map();
  const sessionStorage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
  };
  const socket = open("/socket", { transport: Blocked, longPollFallbackMs: 100, sessionStorage });
  const [room] = await joined(socket, "room:fallback");
  return { echo: await answer(room.push("echo", { polled: true }), "echo") };
}

async function heartbeat() {
  const socket = open("/socket_short", { heartbeatIntervalMs: 300 });
  const [room] = await joined(socket, "room:heart");
  let closes = 0;
  socket.onClose(() => closes++);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  return { echo: await answer(room.push("echo", { alive: true }), "echo"), closes };
}

const scenarios = {
  websocket: () => conversation({}),
  v1: () => conversation({ vsn: "1.0.0", encode: encodeV1, decode: decodeV1 }),
  longpoll: () => conversation({ transport: LongPoll }),
  binary,
  crashAndReconnect,
  presence: () => presence({}),
  presencePolled: () => presence({ transport: LongPoll }),
  authToken,
  fallback,
  heartbeat,
};

// What phoenix.js did before version 2 of the protocol.
function encodeV1(message, callback) {
  callback(JSON.stringify(message));
}

function decodeV1(raw, callback) {
  const message = JSON.parse(raw);
  callback({ join_ref: null, ...message });
}

const results = {};
for (const [name, scenario] of Object.entries(scenarios)) {
  try {
    results[name] = await scenario();
  } catch (error) {
    results[name] = { error: String(error) };
  }
}
process.stdout.write(`${JSON.stringify(results)}\n`);
for (const socket of sockets) socket.disconnect();
setTimeout(() => process.exit(0), 100);
