import type { Chart } from "../chart/chart";
import { el, setHidden, setText } from "../dom";
import { compact, fromUnits, toUnits } from "../format/decimal";
import type { Bar } from "../store/candle-store";

/** Decimals of a mean price beyond those of the prices. */
const MORE_DECIMALS = 1;

/** The mean price and the number of trades of a candle, in the chart's legend. */
export class TradeFigures {
  private readonly mean = el("span", "legend-value");
  private readonly trades = el("span", "legend-value");
  private readonly pairs = [pair("VWAP", this.mean), pair("Trades", this.trades)];

  constructor(private readonly chart: Chart) {
    chart.element.querySelector(".legend")?.append(...this.pairs);
    chart.on("frame", () => this.show());
  }

  private show(): void {
    const { store, crosshair } = this.chart;
    const at = crosshair === null ? store.count - 1 : store.lastAt(crosshair.time);
    const bar = at < 0 ? null : store.bar(at);
    for (const each of this.pairs) setHidden(each, bar?.vwap == null);
    if (bar?.vwap == null) return;
    setText(this.mean, meanText(bar, store.decimals));
    setText(this.trades, compact(bar.trades));
  }
}

function meanText({ vwap }: Bar, decimals: number): string {
  const shown = decimals + MORE_DECIMALS;
  return fromUnits(Math.round(toUnits(Number(vwap).toFixed(shown), shown)), shown);
}

function pair(key: string, value: HTMLElement): HTMLElement {
  return el("span", "legend-pair", {}, el("span", "legend-key", {}, key), value);
}
