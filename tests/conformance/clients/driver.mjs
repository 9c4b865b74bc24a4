// What every scenario needs of a client: sockets that are closed at the end, and answers within a time.
// It runs in Node and in a page alike.

export const PATIENCE_MS = 60_000;

export class Driver {
  // place: {phoenix, WebSocket, base, refusing, silent, ask}; see node.mjs and page.mjs.
  constructor(place) {
    this.place = place;
    this.phoenix = place.phoenix;
    this.sockets = [];
  }

  open(path, { base = this.place.base, ...options } = {}) {
    const socket = new this.phoenix.Socket(base + path, {
      transport: this.place.WebSocket,
      reconnectAfterMs: () => 50,
      rejoinAfterMs: () => 50,
      sessionStorage: memory(),
      ...options,
    });
    this.sockets.push(socket);
    socket.connect();
    return socket;
  }

  async joined(socket, topic, params = {}) {
    const channel = socket.channel(topic, params);
    return [channel, await answer(channel.join(), `join of ${topic}`)];
  }

  close() {
    for (const socket of this.sockets.splice(0)) socket.disconnect();
  }
}

export function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing came`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export const answer = (push, what) =>
  within(
    new Promise((resolve) =>
      push
        .receive("ok", (response) => resolve(["ok", response]))
        .receive("error", (response) => resolve(["error", response])),
    ),
    what,
  );

export const event = (channel, name) =>
  within(new Promise((resolve) => channel.on(name, resolve)), `event ${name}`);

export const crash = (channel) =>
  within(new Promise((resolve) => channel.onError(resolve)), "phx_error");

export const closed = (socket) =>
  within(new Promise((resolve) => socket.onClose(resolve)), "close of the socket");

// Wait until `holds`, which is looked at whenever `watch` calls back.
export const until = (watch, holds, what) =>
  within(
    new Promise((resolve) => {
      const look = () => holds() && resolve();
      watch(look);
      look();
    }),
    what,
  );

export const bytes = (buffer) => Array.from(new Uint8Array(buffer));

// In place of the page's sessionStorage, in which one scenario would leave a memory to the next.
function memory() {
  const kept = new Map();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
  };
}

// Run the scenarios one after the other, and return what each of them saw.
export async function runAll(place, scenarios) {
  const results = {};
  for (const [name, scenario] of Object.entries(scenarios)) {
    const driver = new Driver(place);
    try {
      results[name] = await scenario(driver);
    } catch (error) {
      results[name] = { error: String(error) };
    }
    driver.close();
  }
  return results;
}
