// What the stock phoenix.js does with the conformance app, and what it sees of it.
import { answer, bytes, closed, crash, event, until, within } from "./driver.mjs";

const SENT = new Uint8Array([0, 255, 1]).buffer;
const QUIET_MS = 4_000; // longer than /socket_short lets a connection be idle

const polled = (driver) => ({ transport: driver.phoenix.LongPoll });

// What phoenix.js did before version 2 of the protocol.
const V1 = {
  vsn: "1.0.0",
  encode: (message, callback) => callback(JSON.stringify(message)),
  decode: (raw, callback) => callback({ join_ref: null, ...JSON.parse(raw) }),
};

async function conversation(driver, options = {}) {
  const a = driver.open("/socket", { ...options, params: { user_id: "1" } });
  const b = driver.open("/socket", { ...options, params: { user_id: "2" } });
  const [room, join] = await driver.joined(a, "room:stock", { n: 1 });
  const [other] = await driver.joined(b, "room:stock");
  const echo = await answer(room.push("echo", { deep: [1, null, "é"] }), "echo");
  const refused = await answer(room.push("echo_error", { no: true }), "echo_error");
  const later = await answer(room.push("reply_later", {}), "reply_later");
  const heard = Promise.all([event(room, "shout"), event(other, "shout")]);
  const broadcast = await answer(room.push("broadcast", { loud: 1 }), "broadcast");
  const shouts = await heard;
  const [, denied] = await driver.joined(a, "room:deny");
  const [, unmatched] = await driver.joined(a, "nosuch:1");
  const left = await answer(room.leave(), "leave");
  return { join, echo, refused, later, broadcast, shouts, denied, unmatched, left };
}

async function params(driver, options = {}) {
  const socket = driver.open("/socket", { ...options, params: { user_id: "ü&=", a: { b: "c" } } });
  const [, [, response]] = await driver.joined(socket, "room:connparams");
  delete response.params.vsn;
  delete response.params.token;
  return response.params;
}

async function broadcastFrom(driver) {
  const [mine] = await driver.joined(driver.open("/socket"), "room:from");
  const [other] = await driver.joined(driver.open("/socket", polled(driver)), "room:from");
  const own = [];
  mine.on("shout", (payload) => own.push(payload));
  const heard = event(other, "shout");
  const reply = await answer(mine.push("broadcast_from", { n: 1 }), "broadcast_from");
  return { reply, heard: await heard, own };
}

async function binary(driver) {
  const [room] = await driver.joined(driver.open("/socket"), "room:binary");
  const [status, reply] = await answer(room.push("echo", SENT), "binary echo");
  const pushed = event(room, "pushed");
  const shout = event(room, "shout");
  room.push("push_me", SENT);
  room.push("broadcast", SENT);
  return { status, reply: bytes(reply), pushed: bytes(await pushed), shout: bytes(await shout) };
}

async function binaryJoin(driver) {
  const socket = driver.open("/socket");
  const [, [status, response]] = await driver.joined(socket, "room:binjoin");
  const [, [refusal, reason]] = await driver.joined(socket, "room:denybin");
  return [status, bytes(response), refusal, bytes(reason)];
}

async function binaryPolled(driver) {
  const [sender] = await driver.joined(driver.open("/socket", polled(driver)), "room:binpoll");
  const [other] = await driver.joined(driver.open("/socket"), "room:binpoll");
  const shout = event(other, "shout");
  sender.push("broadcast_from", SENT);
  return bytes(await shout);
}

async function crashAndRejoin(driver, options = {}) {
  const socket = driver.open("/socket", options);
  let count = 0;
  const [room, first] = await driver.joined(socket, "room:crash", () => ({ join: ++count }));
  const joins = [first[1].params.join];
  room.joinPush.receive("ok", ({ params }) => joins.push(params.join));
  const crashed = crash(room);
  room.push("raise", {});
  await crashed;
  const echo = await answer(room.push("echo", { again: 1 }), "echo after the crash");
  return { joins: [...new Set(joins)], echo };
}

// Whatever ends the connection, phoenix.js comes back, joins with fresh params and pushes what waited.
async function comeBack(driver, socket, end) {
  let count = 0;
  const [room] = await driver.joined(socket, "room:back", () => ({ join: ++count }));
  let last = 0;
  room.joinPush.receive("ok", ({ params }) => (last = params.join));
  const over = closed(socket);
  await end(room);
  await over;
  const waited = answer(room.push("echo", { waited: true }), "echo after the cut");
  const [status, response] = await waited;
  return { status, response, rejoined: last > 1 && last === count };
}

const cut = (driver) => comeBack(driver, driver.open("/socket"), (room) => room.push("kill_transport", {}));

const disconnected = (driver) =>
  comeBack(driver, driver.open("/socket", { params: { user_id: "gone" } }), (room) =>
    room.push("disconnect_me", {}),
  );

const restarted = (driver, how) =>
  comeBack(driver, driver.open("/socket"), () => driver.place.ask(how));

async function killedPolled(driver) {
  const socket = driver.open("/socket", polled(driver));
  let count = 0;
  const [room] = await driver.joined(socket, "room:pollback", () => ({ join: ++count }));
  await driver.place.ask("kill"); // in order it would take until the window of the poll is over
  await within(
    new Promise((resolve) => room.joinPush.receive("ok", ({ params }) => params.join > 1 && resolve())),
    "rejoin over long-poll",
  );
  return await answer(room.push("echo", { polled: true }), "echo over long-poll");
}

async function presence(driver, options = {}) {
  const topic = `presence:stock${options.transport ? "poll" : ""}`;
  const channel = driver
    .open("/socket", options)
    .channel(topic, { user: "ann", meta: { at: "desk" } });
  const people = new driver.phoenix.Presence(channel);
  // Of one's own diff and the state either may come first, so a join may be told of twice.
  const came = new Set();
  const gone = [];
  people.onJoin((name, _, now) => came.add(`${name}: ${now.metas.map(({ at }) => at)}`));
  people.onLeave((name, now) => gone.push([name, now.metas.length]));
  const names = () => people.list((name) => name).sort();
  const wait = (wanted) =>
    until((look) => people.onSync(look), () => names().join() === wanted, `presence of ${wanted}`);
  await answer(channel.join(), "join");
  await wait("ann");
  const [other] = await driver.joined(driver.open("/socket", options), topic, { user: "bob" });
  await wait("ann,bob");
  await answer(channel.push("update", { at: "lunch" }), "update");
  await answer(other.leave(), "leave");
  await wait("ann");
  const metas = people.list((_, { metas }) => metas.map(({ at }) => at));
  return { came: [...came], gone, metas };
}

async function leaveAndJoinAgain(driver) {
  const socket = driver.open("/socket");
  const [first] = await driver.joined(socket, "room:twice");
  const over = within(new Promise((resolve) => first.onClose(resolve)), "close of the first");
  // phoenix.js leaves the first channel of a topic when a second is joined.
  const [second] = await driver.joined(socket, "room:twice");
  await over;
  const echo = await answer(second.push("echo", { second: true }), "echo");
  return { first: first.state, second: second.state, echo };
}

async function stop(driver) {
  const [room] = await driver.joined(driver.open("/socket"), "room:stop");
  const over = within(new Promise((resolve) => room.onClose(resolve)), "phx_close");
  const reply = await answer(room.push("stop_reply", { bye: 1 }), "stop_reply");
  await over;
  return { reply, state: room.state };
}

async function noReply(driver) {
  const [room] = await driver.joined(driver.open("/socket"), "room:silent");
  const timeout = new Promise((resolve) => {
    room.push("noreply", {}, 50).receive("timeout", () => resolve("timeout"));
  });
  return await within(timeout, "timeout of a push");
}

async function authToken(driver) {
  const socket = (options) => driver.open("/socket_auth", { authToken: "good", ...options });
  const [, [good]] = await driver.joined(socket({}), "room:auth");
  const [, [overPoll]] = await driver.joined(socket(polled(driver)), "room:auth");
  return { good, polled: overPoll };
}

async function fallback(driver, base) {
  const socket = driver.open("/socket", { base, longPollFallbackMs: 300 });
  const [room] = await driver.joined(socket, "room:fallback");
  const echo = await answer(room.push("echo", { polled: true }), "echo");
  return { echo, transport: socket.transport === driver.phoenix.LongPoll ? "longpoll" : "other" };
}

async function noFallback(driver) {
  const socket = driver.open("/socket", { longPollFallbackMs: 60_000 });
  const [room] = await driver.joined(socket, "room:primary");
  const echo = await answer(room.push("echo", { direct: true }), "echo");
  return { echo, primary: socket.transport === driver.place.WebSocket };
}

// A machine that stood still for longer than the idle timeout proves nothing: then it is tried again.
async function heartbeat(driver, tries = 3) {
  const socket = driver.open("/socket_short", { heartbeatIntervalMs: 1_000 });
  const [room] = await driver.joined(socket, "room:heart");
  let closes = 0;
  socket.onClose(() => closes++);
  const begun = Date.now();
  await until(
    (look) => socket.onMessage(look),
    () => Date.now() - begun > QUIET_MS,
    "heartbeats",
  );
  if (closes && tries > 1) return await heartbeat(driver, tries - 1);
  return { echo: await answer(room.push("echo", { alive: true }), "echo"), closes };
}

export const scenarios = {
  websocket: conversation,
  v1: (driver) => conversation(driver, V1),
  longpoll: (driver) => conversation(driver, polled(driver)),
  params,
  paramsPolled: (driver) => params(driver, polled(driver)),
  broadcastFrom,
  binary,
  binaryJoin,
  binaryPolled,
  crashAndRejoin,
  crashAndRejoinPolled: (driver) => crashAndRejoin(driver, polled(driver)),
  leaveAndJoinAgain,
  stop,
  noReply,
  presence,
  presencePolled: (driver) => presence(driver, polled(driver)),
  presenceV1: (driver) => presence(driver, V1),
  authToken,
  fallbackFromRefusal: (driver) => fallback(driver, driver.place.refusing),
  fallbackFromSilence: (driver) => fallback(driver, driver.place.silent),
  noFallback,
  heartbeat,
  cut,
  disconnected,
  restarted: (driver) => restarted(driver, "restart"),
  killed: (driver) => restarted(driver, "kill"),
  killedPolled,
};
