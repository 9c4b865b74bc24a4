import { afterEach, describe, expect, test } from "vitest";
import { Compute } from "../src/compute/compute";
import { type Port, serve } from "../src/compute/serve";
import { bits, KERNELS, MINUTE_MS, rows, START_MS, walk } from "./bars";

const opened: Compute[] = [];

afterEach(() => {
  for (const compute of opened.splice(0)) compute.dispose();
});

/** A `Compute` whose worker is the other end of a real channel. */
function connected(
  shared: boolean,
  wasm: WebAssembly.Module | string = KERNELS,
  failures: string[] = [],
) {
  const { port1, port2 } = new MessageChannel();
  serve(port2 as unknown as Port);
  const onFailure = (reason: string) => void failures.push(reason);
  const compute = new Compute({ port: port1 as unknown as Port, wasm, shared, onFailure });
  opened.push(compute);
  return compute;
}

describe.each([false, true])("shared: %s", (shared) => {
  test("an indicator follows its bars", async () => {
    const compute = connected(shared);
    const history = compute.history("ESU4", "1m");
    history.set(walk(300));
    const ema = compute.indicator("ema", { period: 20 });
    await compute.settled();
    expect(ema.values.length).toBe(300);
    expect(ema.values.buffer instanceof ArrayBuffer).toBe(!shared);
    expect(Array.from(ema.time)).toEqual(Array.from(walk(300).time));

    const changes: unknown[] = [];
    ema.onChange((change) => void changes.push(change));
    history.update(299, rows(walk(302, 1), 299));
    await compute.settled();
    expect(changes).toEqual([{ from: 299, count: 302 }]);
    const fresh = connected(false);
    fresh.history("ESU4", "1m").set(walk(302));
    const wanted = fresh.indicator("ema", { period: 20 });
    await fresh.settled();
    expect(bits(ema.values)).toEqual(bits(wanted.values));
    expect(bits(history.bars.high)).toEqual(bits(walk(302).high));
  });

  test("many indicators change together, in one message", async () => {
    const compute = connected(shared);
    const history = compute.history("ESU4", "1m");
    history.set(walk(50));
    const macd = history.indicator("macd", { fast: 3, slow: 5, signal: 2 });
    const band = history.indicator("bollinger");
    await compute.settled();
    macd.onChange(() => {
      expect(band.outputs.upper.length).toBe(macd.outputs.histogram.length);
      expect(macd.time.length).toBe(macd.values.length);
    });
    history.update(50, rows(walk(60), 50));
    await compute.settled();
    expect(Object.keys(macd.outputs)).toEqual(["line", "average", "histogram"]);
    expect(macd.outputs.line.length).toBe(60);
    expect(history.all).toEqual([macd, band]);
  });

  test("histories are apart, and what is removed is told no more", async () => {
    const compute = connected(shared);
    const one = compute.history("ESU4", "1m");
    const other = compute.history("ESU4", "5m");
    expect(compute.history("ESU4", "1m")).toBe(one);
    one.set(walk(30));
    other.set(walk(40));
    const [a, b] = [one.indicator("rsi"), other.indicator("rsi")];
    let told = 0;
    a.onChange(() => void told++);
    a.remove();
    one.update(30, rows(walk(31), 30));
    await compute.settled();
    expect([told, b.values.length]).toEqual([0, 40]);
    other.close();
    expect(() => compute.history("ESU4", "5m").update(1, walk(2))).toThrow("there is no row 1");
  });

  test("a history of trades folds its own bars", async () => {
    const compute = connected(shared);
    const history = compute.history("BTC", "1m");
    const sma = history.indicator("sma", { period: 2 });
    const trade = (ms: number, price: number) => ({
      ts: BigInt64Array.of(BigInt(ms) * 1_000_000n),
      price: Float64Array.of(price),
      size: Float64Array.of(2),
    });
    history.trades(MINUTE_MS, trade(START_MS, 10));
    history.trades(MINUTE_MS, trade(START_MS + MINUTE_MS, 20));
    history.trades(MINUTE_MS, trade(START_MS + MINUTE_MS + 1, 40));
    await compute.settled();
    expect(Array.from(history.bars.close)).toEqual([10, 40]);
    expect(Array.from(history.bars.volume)).toEqual([2, 4]);
    expect(Array.from(sma.values)).toEqual([Number.NaN, 25]);
    expect(() => history.set(walk(3))).toThrow("made of trades, not bars");
  });
});

test("bars that are given away change owner", async () => {
  const compute = connected(false);
  const bars = walk(10);
  compute.history("ESU4", "1m").set(bars);
  expect(bars.close.length).toBe(0);
});

test("bad requests are refused where they are made", () => {
  const compute = connected(false);
  expect(() => compute.indicator("ema")).toThrow("call history() first");
  const history = compute.history("ESU4", "1m");
  // @ts-expect-error: there is no such name
  expect(() => history.indicator("emma")).toThrow('there is no indicator "emma"');
  // @ts-expect-error: there is no such parameter
  expect(() => history.indicator("ema", { length: 20 })).toThrow('no parameter "length"');
  expect(() => history.update(1, walk(2))).toThrow("there is no row 1 to go on from: 0 were given");
  expect(() => history.set({ ...walk(3), low: new Float64Array(2) })).toThrow("low has 2 elements");
  const late = walk(3);
  late.time[2] = late.time[1];
  expect(() => history.set(late)).toThrow("the time of bar 2");
  expect(() => history.set({ ...walk(1), time: Float64Array.of(Number.NaN) })).toThrow(
    "bar 0, NaN",
  );
});

test("an indicator that there is no room for is told so, by name", async () => {
  const compute = connected(false);
  const history = compute.history("ESU4", "1m");
  const refusals: string[] = [];
  const indicator = history.indicator("ema");
  indicator.onRefusal((reason) => void refusals.push(reason));
  await compute.settled();
  const { id } = indicator;
  history.refuse({ type: "refused", history: history.id, indicator: id, reason: "no room" });
  expect(refusals).toEqual(["EMA 20: no room"]);
  expect(history.all).toEqual([]);
});

test("kernels that cannot be loaded are told in one sentence, once", async () => {
  const failures: string[] = [];
  const compute = connected(false, "data:text/plain,none", failures);
  compute.history("ESU4", "1m").set(walk(3));
  await expect(compute.settled()).rejects.toThrow(/wasm|magic/i);
  await expect(compute.settled()).rejects.toThrow();
  expect(failures.length).toBe(1);
});

test("without web workers a port is asked for", () => {
  expect(() => new Compute()).toThrow("web workers are not available here: pass a port to Compute");
});
