import { createChart } from "../../src/chart/chart";
import type { RendererName } from "../../src/chart/renderers/renderer";
import { fromUnits } from "../../src/format/decimal";
import { type Bar, CandleStore } from "../../src/store/candle-store";
import { type Candle, MINUTE_MS, TICK } from "./market";
import { boxOf, type Chart, frame, type Subject } from "./subject";

const UNITS = TICK * 100;

function barOf({ time, open, high, low, close, volume }: Candle): Bar {
  const [o, h, l, c] = [open, high, low, close].map((ticks) => fromUnits(ticks * UNITS, 2));
  return { time, open: o, high: h, low: l, close: c, volume, trades: 1 };
}

/** Our own chart, with its legend, volumes and last price; bars and ticks as a feed gives them. */
export function tickfire(renderer: RendererName): Subject {
  return {
    prepare(candles) {
      const bars = candles.map(barOf);
      return (parent, visible) => open(renderer, bars, parent, visible);
    },
  };
}

async function open(
  renderer: RendererName,
  bars: readonly Bar[],
  parent: HTMLElement,
  visible: number,
): Promise<Chart> {
  const store = new CandleStore(String(TICK), 1 << 21);
  store.reset(bars);
  const chart = createChart(parent, { symbol: "BENCH", renderer, store });
  const { time, count } = store;
  chart.visibleRange({ from: time[count - visible], to: time[count - 1] + MINUTE_MS });
  while (chart.renderer === null) await frame();
  await frame();
  await frame();
  return {
    tick: (candle) => store.apply(barOf(candle)),
    shown() {
      const { left, right } = chart.visibleBars();
      const pane = boxOf(chart.element.querySelector(".pane") as Element);
      return { first: Math.round(left), last: Math.round(right), pane };
    },
  };
}
