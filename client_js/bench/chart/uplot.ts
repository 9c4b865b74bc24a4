import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { TICK } from "./market";
import { boxOf, COLORS, frame, type Subject } from "./subject";

type Columns = [number[], number[], number[], number[], number[]];
/** Share of its slot that a candle's body takes. */
const BODY_SHARE = 0.72;

/** Candles as uPlot's own demo draws them: in a hook, by rectangles. */
function drawCandles(u: uPlot): void {
  const { ctx, bbox } = u;
  const [times, opens, highs, lows, closes] = u.data as unknown as Columns;
  const [first, last] = u.series[0].idxs ?? [0, -1];
  const slot = bbox.width / Math.max(last - first + 1, 1);
  const body = Math.max(Math.floor(slot * BODY_SHARE), 1);
  const row = (price: number) => Math.round(u.valToPos(price, "y", true));
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const rising of [true, false]) {
    ctx.fillStyle = rising ? COLORS.up : COLORS.down;
    for (let i = first; i <= last; i++) {
      const [open, close] = [opens[i], closes[i]];
      if (close >= open !== rising) continue;
      const x = Math.round(u.valToPos(times[i], "x", true));
      const high = row(highs[i]);
      ctx.fillRect(x, high, 1, Math.max(row(lows[i]) - high, 1));
      const top = row(rising ? close : open);
      const height = Math.max(row(rising ? open : close) - top, 1);
      ctx.fillRect(x - (body >> 1), top, body, height);
    }
  }
  ctx.restore();
}

/** uPlot, fitted to the lows and highs of the candles in view. */
export const uplot: Subject = {
  prepare(candles) {
    const columns = [0, 1, 2, 3, 4].map(() => new Array<number>(candles.length)) as Columns;
    candles.forEach(({ time, open, high, low, close }, i) => {
      [time / 1000, open * TICK, high * TICK, low * TICK, close * TICK].forEach((value, k) => {
        columns[k][i] = value;
      });
    });
    return async (parent, visible) => {
      const [times] = columns;
      const count = times.length;
      const half = 30;
      const axis = { stroke: COLORS.text, grid: { stroke: COLORS.grid } };
      const chart = new uPlot(
        {
          width: parent.clientWidth,
          height: parent.clientHeight,
          padding: [0, 0, 0, 0],
          legend: { show: false },
          scales: {
            x: { range: () => [times[count - visible] - half, times[count - 1] + half] },
          },
          axes: [
            { ...axis, size: 26 },
            { ...axis, side: 1, size: 64 },
          ],
          series: [{}, ...[1, 2, 3, 4].map(() => ({ paths: () => null, points: { show: false } }))],
          hooks: { draw: [drawCandles] },
        },
        columns,
        parent,
      );
      chart.root.style.background = COLORS.background;
      await frame();
      await frame();
      return {
        tick({ high, low, close }) {
          for (const [k, ticks] of [
            [2, high],
            [3, low],
            [4, close],
          ] as const) {
            columns[k][count - 1] = ticks * TICK;
          }
          chart.setData(columns);
        },
        shown() {
          const { min = 0, max = 0 } = chart.scales.x;
          const indexOf = (time: number) => Math.round((time - times[0] + half) / 60);
          return { first: indexOf(min), last: indexOf(max), pane: boxOf(chart.over) };
        },
      };
    };
  },
};
