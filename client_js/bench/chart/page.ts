import { byId } from "../../src/dom";
import { type Candle, market, ticks } from "./market";
import { type Chart, frame, type Shown, type Subject } from "./subject";

/** The charts by name; each one's code is loaded when it is prepared. */
const SUBJECTS: Record<string, () => Promise<Subject>> = {
  "tickfire webgpu": async () => (await import("./tickfire")).tickfire("webgpu"),
  "tickfire canvas2d": async () => (await import("./tickfire")).tickfire("canvas2d"),
  "lightweight-charts": async () => (await import("./lightweight-charts")).lightweightCharts(false),
  "lightweight-charts conflated": async () =>
    (await import("./lightweight-charts")).lightweightCharts(true),
  uplot: async () => (await import("./uplot")).uplot,
};

let open: ((parent: HTMLElement, visible: number) => Promise<Chart>) | null = null;
let chart: Chart | null = null;
let running: Generator<Candle> | null = null;

const face = {
  /** Load a chart's code and convert `count` candles to what it takes. */
  async prepare(name: string, count: number): Promise<void> {
    const candles = market(count);
    running = ticks(candles[count - 1]);
    open = (await SUBJECTS[name]()).prepare(candles);
  },

  /** Open the chart with the newest `visible` candles in view. */
  async open(visible: number): Promise<void> {
    if (open === null) throw new Error("prepare first");
    chart = await open(byId("chart"), visible);
    // The bars that it was made of belong to the caller, and count in no chart's memory.
    open = null;
  },

  /** Apply ticks, one an animation frame, until there were `most` or `limitMs` have passed. */
  async run(most: number, limitMs: number): Promise<number> {
    if (chart === null || running === null) throw new Error("open first");
    const end = performance.now() + limitMs;
    let count = 0;
    while (count < most && (count === 0 || performance.now() < end)) {
      chart.tick(running.next().value);
      await frame();
      count++;
    }
    return count;
  },

  /** Let as many animation frames pass without a change. */
  async idle(frames: number): Promise<void> {
    for (let i = 0; i < frames; i++) await frame();
  },

  shown(): Shown {
    if (chart === null) throw new Error("open first");
    return chart.shown();
  },
};

declare global {
  var chartBench: typeof face;
}
globalThis.chartBench = face;
