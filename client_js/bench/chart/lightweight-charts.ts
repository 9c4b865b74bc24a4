import {
  type CandlestickData,
  CandlestickSeries,
  createChart,
  type UTCTimestamp,
} from "lightweight-charts";
import { type Candle, TICK } from "./market";
import { boxOf, COLORS, frame, type Subject } from "./subject";

function dataOf({ time, open, high, low, close }: Candle): CandlestickData<UTCTimestamp> {
  const [o, h, l, c] = [open, high, low, close].map((ticks) => ticks * TICK);
  return { time: (time / 1000) as UTCTimestamp, open: o, high: h, low: l, close: c };
}

/** lightweight-charts; `conflated` merges bars when there are more than pixels. */
export function lightweightCharts(conflated: boolean): Subject {
  return {
    prepare(candles) {
      const data = candles.map(dataOf);
      return async (parent, visible) => {
        const count = data.length;
        const chart = createChart(parent, {
          autoSize: true,
          layout: {
            background: { color: COLORS.background },
            textColor: COLORS.text,
            attributionLogo: false,
          },
          grid: { vertLines: { color: COLORS.grid }, horzLines: { color: COLORS.grid } },
          timeScale: { minBarSpacing: 1e-6, enableConflation: conflated },
        });
        const series = chart.addSeries(CandlestickSeries, {
          upColor: COLORS.up,
          wickUpColor: COLORS.up,
          downColor: COLORS.down,
          wickDownColor: COLORS.down,
          borderVisible: false,
          priceFormat: { type: "price", precision: 2, minMove: TICK },
        });
        series.setData(data);
        data.length = 0;
        // A logical range begins and ends in the middle of a candle.
        const scale = chart.timeScale();
        scale.setVisibleLogicalRange({ from: count - visible - 0.5, to: count - 0.5 });
        await frame();
        await frame();
        return {
          tick: (candle) => series.update(dataOf(candle)),
          shown() {
            const { from, to } = scale.getVisibleLogicalRange() ?? { from: 0, to: 0 };
            const { x, y } = boxOf(parent);
            const pane = { x, y, ...chart.paneSize() };
            return { first: Math.round(from + 0.5), last: Math.round(to + 0.5), pane };
          },
        };
      };
    },
  };
}
