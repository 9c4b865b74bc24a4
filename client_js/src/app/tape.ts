import { byId, el, setData, setText } from "../dom";
import type { Tick } from "../feed/payloads";
import { compact, padDecimals } from "../format/decimal";
import { clock, type Zone } from "../format/time";
import { Ring } from "../store/ring";

const ROWS = 60;
/** Trades of at least this many times the running mean size are set in bold. */
const LARGE = 4;
const MEAN_WEIGHT = 0.02;

interface Row {
  element: HTMLElement;
  time: HTMLElement;
  price: HTMLElement;
  size: HTMLElement;
}

/** Time and sales: the last trades, newest on top. */
export class Tape {
  private readonly list = byId("tape-list");
  private readonly trades = new Ring<Tick & { large: boolean }>(ROWS);
  private readonly rows: Row[] = Array.from({ length: ROWS }, makeRow);
  private drawn = 0;
  private meanSize = 0;

  constructor() {
    this.clear();
  }

  clear(): void {
    this.trades.clear();
    this.drawn = 0;
    this.meanSize = 0;
    for (const row of this.rows) row.element.hidden = true;
    this.list.replaceChildren(...this.rows.map(({ element }) => element));
  }

  push(tick: Tick): void {
    const large = this.trades.total >= ROWS / 4 && tick.volume > this.meanSize * LARGE;
    const weight = Math.max(MEAN_WEIGHT, 1 / (this.trades.total + 1));
    this.meanSize += (tick.volume - this.meanSize) * weight;
    this.trades.push({ ...tick, large });
  }

  /** Draw the trades since the last call; the oldest row is reused as the new top row. */
  render(decimals: number, zone: Zone): void {
    const fresh = Math.min(this.trades.total - this.drawn, ROWS);
    this.drawn = this.trades.total;
    for (let age = fresh - 1; age >= 0; age--) {
      const trade = this.trades.newest(age);
      const row = this.rows.pop();
      if (trade === undefined || row === undefined) return;
      fill(row, trade, decimals, zone);
      this.rows.unshift(row);
      this.list.prepend(row.element);
    }
  }
}

function makeRow(): Row {
  const [time, price, size] = ["tape-time", "tape-price", "tape-size"].map((name) =>
    el("span", name),
  );
  return { element: el("li", "tape-row", {}, time, price, size), time, price, size };
}

function fill(row: Row, trade: Tick & { large: boolean }, decimals: number, zone: Zone): void {
  row.element.hidden = false;
  setData(row.element, "side", trade.side);
  setData(row.element, "large", String(trade.large));
  setText(row.time, clock(trade.timestamp, zone));
  setText(row.price, padDecimals(trade.price, decimals));
  setText(row.size, compact(trade.volume));
}
