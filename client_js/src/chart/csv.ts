import type { CandleStore } from "../store/candle-store";
import { align, type Series } from "./series";

const COLUMNS = "time,open,high,low,close,volume,trades,vwap";

/**
 * Candles and series as CSV (RFC 4180): times in ISO 8601, exact prices, empty where a series has no
 * value.
 */
export function csvOf(store: CandleStore, series: readonly Series[]): string {
  const names = series.flatMap(columnNames).map(quoted);
  const places = series.map(({ time }) => align(time, store, 0, store.count));
  const lines = [[COLUMNS, ...names].join()];
  for (let i = 0; i < store.count; i++) {
    const { time, vwap, ...bar } = store.bar(i);
    const values = series.flatMap(({ plots }, k) =>
      plots.map((plot) => valueText(plot.values[places[k][i]])),
    );
    lines.push([new Date(time).toISOString(), ...Object.values(bar), vwap, ...values].join());
  }
  return `${lines.join("\r\n")}\r\n`;
}

function columnNames({ title, plots }: Series): string[] {
  return plots.map(({ label }) => (label === "" ? title : `${title} ${label}`));
}

function valueText(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? "" : String(value);
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
