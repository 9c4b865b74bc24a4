import fc from "fast-check";
import { expect, test } from "vitest";
import { Compute } from "../src/compute/compute";
import { type Port, serve } from "../src/compute/serve";
import { barsOf, StoreSync } from "../src/compute/store-sync";
import { fromUnits } from "../src/format/decimal";
import { type Bar, CandleStore } from "../src/store/candle-store";
import { bits, KERNELS } from "./bars";

function bar(time: number, units: number, decimals = 2): Bar {
  const price = (each: number) => fromUnits(each, decimals);
  return {
    time,
    open: price(units),
    high: price(units + 75),
    low: price(units - 50),
    close: price(units + 25),
    volume: units % 97,
    trades: 1,
  };
}

function connected(requests: unknown[]): Compute {
  const { port1, port2 } = new MessageChannel();
  serve(port2);
  const port: Port = {
    postMessage: (message, transfer) => {
      requests.push(message);
      port1.postMessage(message, transfer as never);
    },
    addEventListener: (type, listener) =>
      port1.addEventListener(type as "message", listener as never),
    start: () => port1.start(),
    close: () => port1.close(),
  };
  return new Compute({ port, wasm: KERNELS, shared: false });
}

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant("bar"), at: fc.nat(40), price: fc.nat(9_999) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("reset"), at: fc.nat(30), price: fc.nat(99) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("finer"), at: fc.nat(40), price: fc.nat(99_999) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("wait"), at: fc.nat(1), price: fc.nat(1) }),
  },
);

test("a history is what the store is, whatever happens to it meanwhile", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const compute = connected([]);
      // So small a limit that old candles are dropped on the way.
      const store = new CandleStore("0.01", 24);
      const history = compute.history("ESU4", "1m");
      new StoreSync(store, history);
      const ema = history.indicator("ema", { period: 3 });
      for (const { kind, at, price } of steps) {
        if (kind === "wait") await compute.settled();
        else if (kind === "bar") store.apply(bar(at * 60_000, 10_000 + price));
        else if (kind === "finer") store.apply(bar(at * 60_000, 1_000_000 + price, 4));
        else store.reset(Array.from({ length: at }, (_, i) => bar(i * 60_000, 20_000 + price * i)));
      }
      // The change held back goes out once the one before it is answered.
      await compute.settled();
      await compute.settled();
      const wanted = barsOf(store, 0);
      for (const name of ["time", "open", "high", "low", "close", "volume"] as const) {
        expect([name, bits(history.bars[name])]).toEqual([name, bits(wanted[name])]);
      }
      expect(ema.values.length).toBe(store.count);
      compute.dispose();
    }),
    { numRuns: 60 },
  );
});

test("prices are the numbers that their texts are read as", () => {
  const store = new CandleStore("0.000001");
  store.reset([
    { ...bar(0, 1), open: "109.968751", high: "0.1", low: "12345678.123457", close: "5524.25" },
  ]);
  const { open, high, low, close } = barsOf(store, 0);
  expect([open[0], high[0], low[0], close[0]]).toEqual([109.968751, 0.1, 12345678.123457, 5524.25]);
});

test("one change at a time is on its way, and what comes meanwhile goes together", async () => {
  const requests: { type: string; from?: number }[] = [];
  const compute = connected(requests);
  const store = new CandleStore("0.01");
  store.reset([bar(0, 100), bar(60_000, 200)]);
  const sync = new StoreSync(store, compute.history("ESU4", "1m"));
  for (let i = 2; i < 20; i++) {
    store.apply(bar(i * 60_000, 100 * i));
  }
  await compute.settled();
  await compute.settled();
  const sent = requests.filter(({ type }) => type === "bars");
  expect(sent.map(({ from }) => from)).toEqual([0, 2]);
  sync.dispose();
  store.apply(bar(20 * 60_000, 5));
  await compute.settled();
  expect(requests.filter(({ type }) => type === "bars").length).toBe(2);
  compute.dispose();
});

test("each that watches a store learns of all changes", () => {
  const store = new CandleStore("0.01");
  const one = store.watch();
  store.reset([bar(0, 100), bar(60_000, 200)]);
  expect(one.take().all).toBe(true);
  const other = store.watch();
  store.apply(bar(60_000, 250));
  expect(one.take()).toEqual({ from: 1, to: 2, all: false });
  store.apply(bar(120_000, 260));
  expect(one.take()).toEqual({ from: 2, to: 3, all: false });
  expect(other.take().all).toBe(true);
  expect(other.take()).toEqual({ from: 3, to: 3, all: false });
});
