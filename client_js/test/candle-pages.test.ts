import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import { OlderCandles } from "../src/app/older-candles";
import type { CandlesSubscription } from "../src/feed/candles";
import { MarketFeed } from "../src/feed/feed";
import type { CandleTuple } from "../src/feed/payloads";
import { CandleStore } from "../src/store/candle-store";
import { type Frame, ok, Peer, refuse } from "./peer";

const MINUTE = 60_000;
const TOPIC = "candles:ESU4:1m";
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const candle = (at: number): CandleTuple => [at * MINUTE, "1", "3", "1", "2", 5, 1];
const candles = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => candle(from + i));

/** A page of a market whose candles begin at minute 0. */
function page({ payload }: Frame): object {
  const before = (payload["before"] as number) / MINUTE;
  const first = Math.max(0, before - ((payload["limit"] as number) ?? 500));
  const oldest = before > 0 ? first * MINUTE : null;
  return ok({ candles: candles(first, before), more: first > 0, oldest, id: "e-1" });
}

const joinReply = (count = 10, first = 1000) =>
  ok({ candles: candles(first, first + count), more: true, tick_size: "1", id: "e-1" });

async function start(history: (frame: Frame) => object | null) {
  const peer = await Peer.listen((frame) =>
    frame.event === "phx_join" ? joinReply() : frame.event === "history" ? history(frame) : ok({}),
  );
  const feed = new MarketFeed({ url: peer.url, transport: WebSocket });
  closers.push(
    () => peer.close(),
    () => feed.close(),
  );
  feed.connect();
  const subscription = await new Promise<CandlesSubscription>((resolve) => {
    const made: CandlesSubscription = feed.candles("ESU4", "1m", {
      onHistory: () => resolve(made),
    });
  });
  return { peer, feed, subscription };
}

test("several calls at once get each its page", async () => {
  const { peer, subscription } = await start(page);
  const pages = await Promise.all([900, 500, 3].map((at) => subscription.before(at * MINUTE, 5)));
  expect(pages.map(({ oldest }) => oldest)).toEqual([895 * MINUTE, 495 * MINUTE, 0]);
  expect(pages.map(({ more }) => more)).toEqual([true, true, false]);
  expect((await peer.received(TOPIC, "history")).payload).toEqual({
    before: 900 * MINUTE,
    limit: 5,
  });
});

test("a refusal gives its reason", async () => {
  const { subscription } = await start(() => refuse("history cannot be read now"));
  await expect(subscription.before(0)).rejects.toThrow("history: history cannot be read now");
});

test("a call fails at once when the connection is lost, and works after the rejoin", async () => {
  let silent = true;
  const { peer, subscription } = await start((frame) => (silent ? null : page(frame)));
  const lost = subscription.before(900 * MINUTE);
  await peer.received(TOPIC, "history");
  silent = false;
  peer.drop();
  await expect(lost).rejects.toThrow("the connection was lost");
  const waiting = subscription.before(900 * MINUTE, 5);
  expect((await waiting).oldest).toBe(895 * MINUTE);
});

test("a call fails when the topic is left, before and after", async () => {
  const { peer, subscription } = await start(() => null);
  const pending = subscription.before(900 * MINUTE);
  await peer.received(TOPIC, "history");
  subscription.leave();
  await expect(pending).rejects.toThrow("the topic was left");
  await expect(subscription.before(900 * MINUTE)).rejects.toThrow("the topic was left");
});

test("a page of candles that were replaced meanwhile is refused", async () => {
  const { peer, subscription } = await start((frame) => {
    peer.broadcast(TOPIC, "reset", { candles: candles(0, 3), more: false, id: "e-2" });
    return page(frame);
  });
  await expect(subscription.before(900 * MINUTE)).rejects.toThrow("the candles were replaced");
});

const filled = (limit?: number) => {
  const store = new CandleStore("1", limit);
  store.reset(
    candles(5000, 5010).map(([time, open, high, low, close, volume, trades]) => ({
      ...{ time, open, high, low, close, volume, trades },
    })),
  );
  return store;
};

test("a chart that nears its first candle loads page after page, one at a time", async () => {
  const { peer, subscription } = await start(page);
  const store = filled();
  const states: string[] = [];
  const older = new OlderCandles(store, subscription, () => states.push(older.state));
  older.restart(true);
  older.near(300, 100);
  expect(states).toEqual([]);
  for (let i = 0; i < 5; i++) older.near(199, 100);
  expect(states).toEqual(["loading"]);
  await expect.poll(() => older.state).toBe("more");
  expect(store.count).toBe(2010);
  older.near(-5, 100);
  await expect.poll(() => older.state).toBe("more");
  older.near(-5, 100);
  await expect.poll(() => older.state).toBe("beginning");
  older.near(-5, 100);
  expect([store.count, store.time[0]]).toEqual([5010, 0]);
  expect(peer.frames.filter(({ event }) => event === "history")).toHaveLength(3);
});

test("a failure is not repeated at once", async () => {
  const { peer, subscription } = await start(() => refuse("no"));
  const older = new OlderCandles(filled(), subscription, () => {});
  older.restart(true);
  await older.load();
  older.near(0, 100);
  expect(older.state).toBe("more");
  older.near(0, 100, performance.now() + 10_000);
  expect(older.state).toBe("loading");
  await peer.received(TOPIC, "history", 2);
});

test("a full store ends the loading", async () => {
  const { subscription } = await start(page);
  const store = filled(1000);
  const older = new OlderCandles(store, subscription, () => {});
  older.restart(true);
  await older.load();
  expect([older.state, store.count]).toEqual(["full", 1000]);
});

test("a history that comes while a page is on its way begins anew", async () => {
  const answers: (() => void)[] = [];
  const late = { before: () => new Promise<never>((_, no) => answers.push(() => no(new Error()))) };
  const older = new OlderCandles(filled(), late, () => {});
  older.restart(true);
  const loading = older.load();
  older.restart(false);
  answers[0]();
  await loading;
  expect(older.state).toBe("beginning");
});

test("pages of any size join without overlap or hole", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 20 }),
      async (sizes) => {
        const store = filled();
        const source = {
          before: async (time: number) =>
            (
              page({
                payload: { before: time, limit: sizes.pop() ?? 2000 },
              } as unknown as Frame) as {
                response: Awaited<ReturnType<CandlesSubscription["before"]>>;
              }
            ).response,
        };
        const older = new OlderCandles(store, source, () => {});
        older.restart(true);
        while (older.state === "more") await older.load();
        const times = Array.from({ length: store.count }, (_, at) => store.time[at] / MINUTE);
        expect(times).toEqual(Array.from({ length: 5010 }, (_, at) => at));
      },
    ),
    { numRuns: 20 },
  );
});
