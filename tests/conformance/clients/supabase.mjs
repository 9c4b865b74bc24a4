// What the stock realtime-js does with a server of tickfire.phoenix.contrib.supabase, and what it sees of it.
// usage: node supabase.mjs '{"port": 4000, "key": "..."}'
import { createRequire } from "node:module";
import { ask, say } from "./asking.mjs";
import { bytes, until, within } from "./driver.mjs";

const require = createRequire(new URL("../../../client_js/package.json", import.meta.url));
const { RealtimeClient } = require("@supabase/realtime-js");
const WebSocket = require("ws");

const { port, key } = JSON.parse(process.argv[2]);
const clients = [];

function connect(options = {}) {
  const client = new RealtimeClient(`ws://127.0.0.1:${port}/realtime/v1`, {
    transport: WebSocket,
    params: { apikey: key },
    reconnectAfterMs: () => 50,
    ...options,
  });
  clients.push(client);
  return client;
}

// Resolves with [status, message of the error] when the first of `statuses` comes.
function subscribed(channel, statuses = ["SUBSCRIBED", "CHANNEL_ERROR"]) {
  return within(
    new Promise((resolve) =>
      channel.subscribe(
        (status, error) => statuses.includes(status) && resolve([status, error?.message ?? null]),
      ),
    ),
    `subscription to ${channel.topic}`,
  );
}

const heard = (channel, event) =>
  within(
    new Promise((resolve) => channel.on("broadcast", { event }, resolve)),
    `broadcast of ${event}`,
  );

const plain = (value) => (value instanceof ArrayBuffer ? bytes(value) : value);

const fromServer = (message) =>
  fetch(`http://127.0.0.1:${port}/send`, { method: "POST", body: JSON.stringify(message) });

async function exchange(event, payload, options = {}) {
  const sender = connect(options).channel(`room-${event}`);
  const receiver = connect(options).channel(`room-${event}`);
  const got = heard(receiver, event);
  const own = [];
  sender.on("broadcast", { event }, (message) => own.push(message));
  await Promise.all([subscribed(sender), subscribed(receiver)]);
  const sent = await sender.send({ type: "broadcast", event, payload });
  const message = await got;
  return { sent, ...message, payload: plain(message.payload), own };
}

async function ackAndSelf() {
  const config = { broadcast: { ack: true, self: true } };
  const channel = connect().channel("room-self", { config });
  const got = heard(channel, "*");
  await subscribed(channel);
  const sent = await channel.send({ type: "broadcast", event: "mine", payload: { n: 1 } });
  return { sent, got: await got };
}

async function serverBroadcast() {
  const channel = connect().channel("news");
  const [text, data] = [heard(channel, "text"), heard(channel, "data")];
  await subscribed(channel);
  await fromServer({ channel: "news", event: "text", payload: { breaking: "ü" } });
  await fromServer({ channel: "news", event: "data", bytes: [1, 0, 255] });
  return { text: await text, data: plain((await data).payload) };
}

function people(channel) {
  const state = () =>
    Object.entries(channel.presenceState())
      .map(([name, metas]) => `${name}: ${metas.map(({ at }) => at)}`)
      .sort()
      .join("; ");
  const watchers = [];
  channel.on("presence", { event: "sync" }, () => watchers.forEach((look) => look()));
  return (wanted) =>
    until((look) => watchers.push(look), () => state() === wanted, `presence of ${wanted}`);
}

async function presence(options = {}) {
  const named = (key) => ({ config: { presence: { key } } });
  const ann = connect(options).channel("lobby", named("ann"));
  const bob = connect(options).channel("lobby", named("bob"));
  const [annSees, bobSees] = [people(ann), people(bob)];
  const came = new Set();
  const left = new Set();
  ann.on("presence", { event: "join" }, ({ key }) => came.add(key));
  ann.on("presence", { event: "leave" }, ({ key, currentPresences }) => {
    if (!currentPresences.length) left.add(key);
  });
  await subscribed(ann);
  const tracked = await ann.track({ at: "desk" });
  await annSees("ann: desk");
  await subscribed(bob);
  await bobSees("ann: desk");
  await bob.track({ at: "door" });
  await annSees("ann: desk; bob: door");
  await ann.track({ at: "lunch" });
  await bobSees("ann: lunch; bob: door");
  const untracked = await bob.untrack();
  await annSees("ann: lunch");
  await bob.track({ at: "back" });
  await annSees("ann: lunch; bob: back");
  const removed = await bob.unsubscribe();
  await annSees("ann: lunch");
  return { tracked, untracked, removed, came: [...came], left: [...left] };
}

async function presenceWithoutKey() {
  const channel = connect().channel("anonymous", { config: { presence: { enabled: true } } });
  const synced = within(
    new Promise((resolve) => channel.on("presence", { event: "join" }, resolve)),
    "join",
  );
  await subscribed(channel);
  await channel.track({ n: 1 });
  const { key, newPresences } = await synced;
  return { key: key.length, n: newPresences[0].n, ref: typeof newPresences[0].presence_ref };
}

async function privateChannel() {
  const client = connect({ accessToken: async () => "good" });
  await client.setAuth();
  const channel = client.channel("private-room", { config: { private: true } });
  const system = within(
    new Promise((resolve) => channel.on("system", {}, resolve)),
    "system message",
  );
  const first = await subscribed(channel);
  const over = until((look) => channel._onClose(look), () => channel.state === "closed", "close");
  await client.setAuth("revoked");
  const told = await system;
  await over;
  return { first, told };
}

async function refusals() {
  const client = connect();
  const isPrivate = { config: { private: true } };
  const noToken = await subscribed(client.channel("private-none", isPrivate));
  const asPublic = await subscribed(client.channel("private-open"));
  const notPrivate = await subscribed(client.channel("public", isPrivate));
  const postgres = client.channel("db");
  postgres.on("postgres_changes", { event: "*", schema: "public" }, () => {});
  return { noToken, asPublic, notPrivate, postgres: await subscribed(postgres) };
}

async function badKey() {
  const client = connect({ params: { apikey: "wrong" } });
  const channel = client.channel("room");
  return await subscribed(channel, ["SUBSCRIBED", "CHANNEL_ERROR"]).then(([status]) => status);
}

async function heartbeat() {
  const beats = [];
  let noted;
  const ok = within(new Promise((resolve) => (noted = resolve)), "heartbeat");
  const client = connect({
    heartbeatIntervalMs: 1_000, // in which it must be answered
    heartbeatCallback: (status) => {
      beats.push(status);
      if (status === "ok") noted();
    },
  });
  await subscribed(client.channel("beating"));
  await ok;
  return beats.slice(0, 2);
}

async function restart() {
  const client = connect();
  const channel = client.channel("restarted", { config: { presence: { key: "me" } } });
  const sees = people(channel);
  let count = 0;
  let again;
  const twice = within(new Promise((resolve) => (again = resolve)), "second subscription");
  channel.subscribe((status) => {
    if (status !== "SUBSCRIBED") return;
    channel.track({ at: `time ${++count}` });
    if (count === 2) again();
  });
  await sees("me: time 1");
  await ask("restart");
  await twice;
  await sees("me: time 2");
  return count;
}

const V1 = { vsn: "1.0.0" };
const DATA = new Uint8Array([1, 2, 255]);

const scenarios = {
  json: () => exchange("cursor", { x: 1, deep: [null, "é"] }),
  binary: () => exchange("bytes", DATA.buffer),
  noPayload: () => exchange("nothing", undefined),
  latinName: () => exchange("è!", { x: 1 }),
  v1: () => exchange("cursor-v1", { x: 1 }, V1),
  ackAndSelf,
  serverBroadcast,
  presence,
  presenceV1: () => presence(V1),
  presenceWithoutKey,
  privateChannel,
  refusals,
  badKey,
  heartbeat,
  restart,
};

const results = {};
for (const [name, scenario] of Object.entries(scenarios)) {
  try {
    results[name] = await scenario();
  } catch (error) {
    results[name] = { error: String(error) };
  }
  for (const client of clients.splice(0)) client.disconnect();
}
say({ results });
process.exit(0);
