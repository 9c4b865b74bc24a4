import { Compute } from "../../src/compute/compute";
import { bindKernels, type Kernels } from "../../src/compute/generated/bindings";
import wasmUrl from "../../src/compute/generated/kernels.wasm?url";
import type { IndicatorName } from "../../src/compute/registry";
import * as hand from "./hand-written";
import { market, oneBar } from "./market";

/** Twenty indicators, with their defaults. */
const TWENTY: readonly IndicatorName[] = [
  "sma",
  "ema",
  "wma",
  "dema",
  "bollinger",
  "keltner",
  "donchian",
  "regressionChannel",
  "vwap",
  "supertrend",
  "sar",
  "ichimoku",
  "rsi",
  "macd",
  "stochastic",
  "cci",
  "mfi",
  "adx",
  "atr",
  "obv",
];

interface Times {
  median: number;
  p99: number;
  worst: number;
}

function times(samples: number[]): Times {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)];
  return { median: at(0.5), p99: at(0.99), worst: at(1) };
}

/**
 * Time from giving the worker one change until its results are here, and what of it the page's own
 * thread spends; over `bars` bars under twenty indicators. All in ms.
 */
async function updates(bars: number, rounds: number) {
  const compute = new Compute();
  const history = compute.history("bench", "1m");
  history.set(market(bars));
  const indicators = TWENTY.map((name) => history.indicator(name));
  await compute.settled();
  const answered = () =>
    new Promise<void>((resolve) => {
      const stop = history.onChange(() => {
        stop();
        resolve();
      });
    });
  const measure = async (isNew: boolean) => {
    const whole: number[] = [];
    let row = history.time.length - 1;
    for (let round = 0; round < rounds + 20; round++) {
      if (isNew) row++;
      const bar = oneBar(row, round);
      const start = performance.now();
      const answer = answered();
      history.update(row, bar);
      await answer;
      if (round >= 20) whole.push(performance.now() - start);
    }
    return times(whole);
  };
  const tick = await measure(false);
  const append = await measure(true);
  const rebuilds: number[] = [];
  for (let round = 0; round < 5; round++) {
    const given = market(bars, round + 2);
    const start = performance.now();
    history.set(given);
    await compute.settled();
    rebuilds.push(performance.now() - start);
  }
  const values = indicators.reduce((sum, each) => sum + each.values.length, 0);
  const { shared } = compute;
  compute.dispose();
  return {
    shared,
    indicators: indicators.length,
    values,
    tick,
    append,
    rebuild: Math.min(...rebuilds),
  };
}

/** One kernel and its hand-written counterpart, over the same columns. */
class Duel {
  private readonly kernels: Kernels;
  private readonly columns: Record<"high" | "low" | "close", Float64Array>;
  private readonly outs: Float64Array[];
  private readonly state: Float64Array;
  private readonly plain: Record<"high" | "low" | "close", Float64Array>;
  private readonly plainOuts: Float64Array[];

  constructor(
    module: WebAssembly.Module,
    count: number,
    given: Record<"high" | "low" | "close", Float64Array>,
  ) {
    const memory = new WebAssembly.Memory({ initial: Math.ceil((count * 8 * 6) / 65_536) + 2 });
    let at = 65_536;
    const take = (length: number) => {
      const view = new Float64Array(memory.buffer, at, length);
      at += length * 8;
      return view;
    };
    const copied = (column: Float64Array) => {
      const view = take(count);
      view.set(column);
      return view;
    };
    this.state = take(4_096);
    this.columns = { high: copied(given.high), low: copied(given.low), close: copied(given.close) };
    this.outs = [0, 1, 2].map(() => take(count));
    this.plain = given;
    this.plainOuts = [0, 1, 2].map(() => new Float64Array(count));
    this.kernels = bindKernels(module, memory);
  }

  /** Milliseconds for one run of the kernel, and of the hand-written code. */
  run(name: string): [number, number] {
    const {
      kernels: k,
      columns: c,
      outs: [a, b, d],
      plain: p,
      plainOuts: [x, y, z],
    } = this;
    const state = (words: number) => {
      this.state.fill(0, 0, words);
      return this.state.subarray(0, words);
    };
    const pairs: Record<string, [() => void, () => void]> = {
      sma: [() => k.sma(c.close, 20, state(k.smaWords(20)), a), () => hand.sma(p.close, 20, x)],
      ema: [() => k.ema(c.close, 20, state(k.emaWords()), a), () => hand.ema(p.close, 20, x)],
      rsi: [() => k.rsi(c.close, 14, state(k.rsiWords()), a), () => hand.rsi(p.close, 14, x)],
      bollinger: [
        () => k.bollinger(c.close, 20, 2, state(k.bollingerWords(20)), a, b, d),
        () => hand.bollinger(p.close, 20, 2, x, y, z),
      ],
      atr: [
        () => k.atr(c.high, c.low, c.close, 14, state(k.atrWords()), a),
        () => hand.atr(p.high, p.low, p.close, 14, x),
      ],
    };
    const [kernel, byHand] = pairs[name];
    return [timed(kernel), timed(byHand)];
  }
}

function timed(task: () => void): number {
  const start = performance.now();
  task();
  return performance.now() - start;
}

let duel: Duel | null = null;

const face = {
  updates,
  /** Lay out columns for `run`. */
  async prepare(count: number): Promise<void> {
    const module = await WebAssembly.compile(await (await fetch(wasmUrl)).arrayBuffer());
    const { high, low, close } = market(count);
    duel = new Duel(module, count, { high, low, close });
  },
  run(name: string): [number, number] {
    if (duel === null) throw new Error("prepare first");
    return duel.run(name);
  },
};

declare global {
  var bench: typeof face;
}
globalThis.bench = face;
