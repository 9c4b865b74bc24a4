import { afterEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { Recovery } from "../src/feed/cursor";
import { MarketFeed } from "../src/feed/feed";
import type { CandleTuple, Delivery, Tick, TradingStatus } from "../src/feed/payloads";
import type { TraceSample } from "../src/feed/trace";
import { type Frame, ok, Peer, refuse } from "./peer";

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(answer: (frame: Frame) => object): Promise<{ peer: Peer; feed: MarketFeed }> {
  const peer = await Peer.listen(answer);
  const feed = new MarketFeed({ url: peer.url, transport: WebSocket });
  closers.push(
    () => peer.close(),
    () => feed.close(),
  );
  feed.connect();
  return { peer, feed };
}

/** A value that a handler will give. */
function promised<T>(): { take: (value: T) => void; value: Promise<T> } {
  let take: (value: T) => void = () => {};
  const value = new Promise<T>((resolve) => {
    take = resolve;
  });
  return { take, value };
}

const tick = (id: string, price = "5524.25"): Tick => ({
  symbol: "ESU4",
  price,
  volume: 3,
  timestamp: 1719840600123,
  ts_event: "1719840600123456789",
  side: "B",
  id,
});

test("ticks arrive as they were sent, prices untouched", async () => {
  const { peer, feed } = await start(() => ok({ instruments: [], id: "e-1" }));
  const got = promised<Tick>();
  const joined = promised<unknown>();
  feed.realtime({ symbols: ["ESU4"], onTick: got.take, onJoin: joined.take });
  await joined.value;
  peer.broadcast("market:realtime", "tick", tick("e-2", "0.100000001"));
  expect(await got.value).toEqual(tick("e-2", "0.100000001"));
  expect((await peer.received("market:realtime", "phx_join")).payload).toEqual({
    symbols: ["ESU4"],
  });
});

test("a status with a state is about the ticks, and others are about trading", async () => {
  const { peer, feed } = await start(() => ok({ snapshot: {}, id: "e-1" }));
  const delivered = promised<Delivery>();
  const traded = promised<TradingStatus>();
  const joined = promised<unknown>();
  feed.instrument("ESU4", {
    onSnapshot: joined.take,
    onDelivery: delivered.take,
    onTradingStatus: traded.take,
  });
  await joined.value;
  const delivery = { state: "conflated", since: 1, merged: 7, from: "e-1", to: "e-9" };
  peer.broadcast("market:ESU4", "status", delivery);
  expect(await delivered.value).toEqual(delivery);
  peer.broadcast("market:ESU4", "status", { symbol: "ESU4", status: "halt", halted: true });
  expect((await traded.value).status).toBe("halt");
});

test("after a lost connection it resumes from the last id, by itself", async () => {
  const { peer, feed } = await start(({ payload }) =>
    ok({ instruments: [], id: "e-1", ...(payload["since"] ? { recovered: true } : {}) }),
  );
  const seen: string[] = [];
  const first = promised<void>();
  const second = promised<void>();
  const recovered = promised<Recovery>();
  feed.realtime({
    onJoin: () => (seen.length === 0 ? first.take() : undefined),
    onTick: ({ id }) => {
      seen.push(id);
      second.take();
    },
    onRecovery: recovered.take,
  });
  await first.value;
  peer.broadcast("market:realtime", "tick", tick("e-7"));
  await second.value;
  const states: string[] = [];
  feed.onStatus(({ state }) => states.push(state));
  peer.drop();
  const again = await peer.received("market:realtime", "phx_join", 2);
  expect(again.payload).toEqual({ since: "e-7" });
  expect(await recovered.value).toEqual({ recovered: true });
  expect(states).toEqual(["open", "reconnecting", "open"]);
});

test("packed ticks are decoded, and their place is where it resumes", async () => {
  const { peer, feed } = await start(() => ok({ instruments: [], id: "0102030405060708-1" }));
  const joined = promised<unknown>();
  const packed = promised<unknown>();
  feed.realtime({ onPacked: packed.take, onJoin: joined.take });
  await joined.value;
  const payload = new ArrayBuffer(24);
  const view = new DataView(payload);
  view.setUint8(0, 1);
  view.setUint16(2, 10, true);
  view.setBigUint64(8, 27n, true);
  view.setBigUint64(16, 0x0807060504030201n, true);
  peer.broadcastBytes("market:realtime", "ticks", payload);
  expect(await packed.value).toMatchObject({ first: 27n, last: 36n, ticks: [] });
  peer.drop();
  const again = await peer.received("market:realtime", "phx_join", 2);
  expect(again.payload).toEqual({
    since: "0102030405060708-10",
    encoding: "binary",
    header: 2,
  });
});

test("a bookmark is where it resumes", async () => {
  const { peer, feed } = await start(() => ok({ instruments: [], id: "0102030405060708-1.4" }));
  const packed = promised<unknown>();
  const joined = promised<unknown>();
  feed.realtime({ onPacked: packed.take, onJoin: joined.take });
  await joined.value;
  peer.broadcast("market:realtime", "bookmark", { id: "01ffffffffffffff-5.3" });
  const payload = new ArrayBuffer(24);
  const view = new DataView(payload);
  view.setUint8(0, 1);
  view.setUint16(2, 1, true);
  view.setBigUint64(8, 6n, true);
  view.setBigUint64(16, 0xffffffffffffff01n, true);
  peer.broadcastBytes("market:realtime", "ticks", payload);
  await packed.value;
  peer.drop();
  const again = await peer.received("market:realtime", "phx_join", 2);
  expect(again.payload).toMatchObject({ since: "01ffffffffffffff-6.3" });
});

test("candles come with their history, and again when the feed went back", async () => {
  const bars: CandleTuple[] = [[0, "1", "2", "1", "2", 5, 1]];
  const { peer, feed } = await start(() =>
    ok({ symbol: "A:B", interval: "1m", tick_size: "0.5", candles: bars, id: "e-1" }),
  );
  const replies: unknown[] = [];
  const joined = promised<void>();
  const reset = promised<void>();
  feed.candles("A:B", "1m", {
    limit: 10,
    onHistory: (reply) => {
      replies.push(reply);
      (replies.length === 1 ? joined : reset).take();
    },
  });
  await joined.value;
  peer.broadcast("candles:A:B:1m", "reset", { candles: [], id: "e-2" });
  await reset.value;
  expect(replies[1]).toEqual({
    symbol: "A:B",
    interval: "1m",
    tick_size: "0.5",
    candles: [],
    id: "e-2",
  });
});

test("a refused join says why", async () => {
  const { feed } = await start(() => refuse("unknown symbol"));
  const refused = promised<string>();
  feed.instrument("NONE", { onRefused: refused.take });
  expect(await refused.value).toBe("unknown symbol");
});

test("nothing of a topic is heard after it was left, though it is joined again", async () => {
  const { peer, feed } = await start(() => ok({ headlines: [], id: "e-1" }));
  const heard: string[] = [];
  const joined = promised<unknown>();
  const old = feed.news({ onLatest: joined.take, onHeadline: () => heard.push("old") });
  await joined.value;
  old.leave();
  const again = promised<unknown>();
  const got = promised<unknown>();
  feed.news({
    onLatest: again.take,
    onHeadline: (headline) => {
      heard.push("new");
      got.take(headline);
    },
  });
  await again.value;
  peer.broadcast("news:headlines", "headline", { id: "1" });
  await got.value;
  expect(heard).toEqual(["new"]);
});

test("a trace is measured on the server's clock", async () => {
  const ahead = 3_600_000;
  const ns = (ms: number) => (BigInt(Math.round(ms * 1000)) * 1000n).toString();
  const { peer, feed } = await start(({ event }) =>
    ok(event === "clock" ? { now: ns(Date.now() + ahead) } : { hops: [] }),
  );
  const got = promised<TraceSample>();
  const trace = feed.trace({ onTrace: got.take });
  closers.push(() => trace.leave());
  await peer.received("pipeline:trace", "clock", 2);
  const sent = Date.now() + ahead;
  const hops = { received: 500, parsed: 400, written: 300, read: 200, encoded: 100, sent: 0 };
  const stamps = Object.entries(hops).map(([hop, age]) => [hop, ns(sent - age)]);
  peer.broadcast("pipeline:trace", "trace", Object.fromEntries(stamps));
  const { steps, total } = await got.value;
  expect(steps.slice(0, 5).map(Math.round)).toEqual([100, 100, 100, 100, 100]);
  // Within the error of the estimate, half a round trip: an hour off, were the clock not estimated.
  expect(total).toBeGreaterThan(200);
  expect(total).toBeLessThan(5000);
});

test("signals come with their names, the newest ones with the join", async () => {
  const latest = [{ event: "anomaly", id: "1-0", symbol: "ESU4", feature: "spread", score: 5 }];
  const { peer, feed } = await start(() => ok({ signals: latest }));
  const joined = promised<unknown>();
  const got = promised<unknown>();
  feed.signals("ESU4", { onLatest: joined.take, onSignal: got.take });
  expect(await joined.value).toEqual(latest);
  peer.broadcast("signals:ESU4", "pattern", { id: "2-0", symbol: "ESU4", name: "doji" });
  expect(await got.value).toEqual({ event: "pattern", id: "2-0", symbol: "ESU4", name: "doji" });
});
