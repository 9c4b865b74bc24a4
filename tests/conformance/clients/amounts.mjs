// What the stock phoenix.js does with much: large messages, many of them, many channels, compressed or not.
import { answer, bytes, event, within } from "./driver.mjs";

const LARGE = 300_000; // more than two bytes of length can say
const MANY = 200;
const MAX_CHANNELS = 100; // of one connection, as the app is set

const polled = (driver) => ({ transport: driver.phoenix.LongPoll });

async function large(driver, path, options = {}) {
  const socket = driver.open(path, options);
  const [room] = await driver.joined(socket, "room:large");
  const text = "é".repeat(LARGE);
  const [status, response] = await answer(room.push("echo", { text }), "large echo");
  const extension = socket.conn.extensions?.split(";")[0] ?? null; // Node leaves out the params
  return { status, same: response.text === text, extension };
}

async function largeBinary(driver, path) {
  const [room] = await driver.joined(driver.open(path), "room:largebin");
  const sent = Uint8Array.from({ length: LARGE }, (_, index) => index % 251);
  const shout = event(room, "shout");
  const [status, reply] = await answer(room.push("echo", sent.buffer), "large binary echo");
  room.push("broadcast", sent.buffer);
  const same = (buffer) => bytes(buffer).every((byte, index) => byte === sent[index]);
  return { status, echo: same(reply), shout: same(await shout), size: reply.byteLength };
}

// Pushed before the join is answered, so phoenix.js keeps them and sends them all at once.
async function burst(driver, options = {}) {
  const room = driver.open("/socket", options).channel(`room:burst${options.transport ? 1 : 2}`);
  room.join();
  const order = [];
  const numbers = Array.from({ length: MANY }, (_, number) => number);
  await Promise.all(
    numbers.map((number) =>
      answer(
        room.push("echo", { number }).receive("ok", (reply) => order.push(reply.number)),
        `echo ${number}`,
      ),
    ),
  );
  return { count: order.length, inOrder: order.every((number, index) => number === index) };
}

async function broadcastsInOrder(driver) {
  const [sender] = await driver.joined(driver.open("/socket"), "room:order");
  const listeners = [driver.open("/socket"), driver.open("/socket", polled(driver))];
  const all = listeners.map(async (socket) => {
    const [room] = await driver.joined(socket, "room:order");
    const got = [];
    return () =>
      within(
        new Promise((resolve) =>
          room.on("shout", ({ n }) => got.push(n) === MANY && resolve(got)),
        ),
        "all broadcasts",
      );
  });
  const waiting = (await Promise.all(all)).map((wait) => wait());
  for (let n = 0; n < MANY; n++) sender.push("broadcast", { n });
  const heard = await Promise.all(waiting);
  return heard.map((got) => got.every((n, index) => n === index));
}

async function manyChannels(driver) {
  const socket = driver.open("/socket");
  const joins = Array.from({ length: MAX_CHANNELS + 1 }, (_, n) =>
    driver.joined(socket, `room:many${n}`),
  );
  const outcomes = (await Promise.all(joins)).map(([, [status]]) => status);
  const last = (await joins[MAX_CHANNELS])[1];
  return { ok: outcomes.filter((status) => status === "ok").length, last };
}

async function twoTabs(driver) {
  const tabs = [];
  for (const tab of [1, 2]) {
    const channel = driver
      .open("/socket")
      .channel("presence:tabs", { user: "ann", meta: { tab } });
    const people = new driver.phoenix.Presence(channel);
    const count = () => people.list((_, { metas }) => metas.length)[0] ?? 0;
    tabs.push({ channel, people, count });
    await answer(channel.join(), "join");
  }
  const sees = (tab, wanted) =>
    within(
      new Promise((resolve) => {
        const look = () => tab.count() === wanted && resolve(wanted);
        tab.people.onSync(look);
        look();
      }),
      `${wanted} tabs`,
    );
  const both = [await sees(tabs[0], 2), await sees(tabs[1], 2)];
  await answer(tabs[1].channel.leave(), "leave");
  return { both, one: await sees(tabs[0], 1) };
}

async function pingAndReturn(driver) {
  const socket = driver.open("/socket");
  const [room] = await driver.joined(socket, "room:return");
  const rtt = await within(new Promise((resolve) => socket.ping(resolve)), "ping");
  await within(new Promise((resolve) => socket.disconnect(resolve)), "disconnect");
  const open = socket.isConnected();
  socket.connect();
  const echo = await answer(room.push("echo", { back: 1 }), "echo after the return");
  return { ping: rtt >= 0, open, echo };
}

export const amounts = {
  large: (driver) => large(driver, "/socket"),
  largeCompressed: (driver) => large(driver, "/socket_compress"),
  largePolled: (driver) => large(driver, "/socket", polled(driver)),
  largeBinary: (driver) => largeBinary(driver, "/socket"),
  largeBinaryCompressed: (driver) => largeBinary(driver, "/socket_compress"),
  burst,
  burstPolled: (driver) => burst(driver, polled(driver)),
  broadcastsInOrder,
  manyChannels,
  twoTabs,
  pingAndReturn,
};
