import { createChart } from "../src/chart/chart";
import type { RendererName } from "../src/chart/renderers/renderer";
import { byId, setData } from "../src/dom";
import { fromUnits } from "../src/format/decimal";
import { kernelIndicators } from "../src/indicators/kernel-indicators";
import { type Bar, CandleStore } from "../src/store/candle-store";

const params = new URLSearchParams(location.search);
const count = Number(params.get("candles") ?? 500);
const all = params.get("view") === "all";
const MINUTE = 60_000;

/** A repeatable random number below `n`. */
let seed = 12345;
function random(n: number): number {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
  return (seed >> 8) % n;
}

function bar(index: number, open: number, close: number): Bar {
  const high = Math.max(open, close) + 25 * random(5);
  const low = Math.min(open, close) - 25 * random(5);
  const [o, h, l, c] = [open, high, low, close].map((units) => fromUnits(units, 2));
  return {
    time: index * MINUTE,
    open: o,
    high: h,
    low: l,
    close: c,
    volume: random(900),
    trades: 1,
  };
}

function history(): Bar[] {
  const bars: Bar[] = [];
  let close = 2_000_000;
  for (let i = 0; i < count; i++) {
    const open = close;
    close += 25 * (random(9) - 4);
    bars.push(bar(i, open, close));
  }
  return bars;
}

const store = new CandleStore("0.25", 1 << 21);
store.reset(history());
const chart = createChart(byId("chart"), {
  symbol: "BENCH",
  renderer: params.get("renderer") as RendererName | null,
  store,
  indicators: kernelIndicators(),
});
chart.on("frame", ({ axisDraws }) => {
  setData(document.documentElement, "renderer", chart.renderer ?? "");
  setData(document.documentElement, "axisDraws", String(axisDraws));
  setData(document.documentElement, "series", String(chart.seriesIds.length));
});
if (all) chart.fit();
for (const name of params.get("indicators")?.split(" ").filter(Boolean) ?? []) {
  chart.setIndicator(name);
}

/** Each message "run <updates> <append>" makes one update per frame, then reports the end. */
const runs = {
  async run(updates: number, append: boolean): Promise<void> {
    for (let i = 0; i < updates; i++) {
      const last = store.count - 1;
      const open = store.open.at(last);
      const index = append ? store.count : last;
      store.apply(bar(index, open, open + 25 * (random(3) - 1)));
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  },
};
Object.assign(window, { bench: runs });
