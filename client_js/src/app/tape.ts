import { byId, el, setData, setText } from "../dom";
import type { Tick } from "../feed/payloads";
import { compact, padDecimals } from "../format/decimal";
import { clock } from "../format/time";
import type { Zone } from "../format/zone";
import type { Journey } from "../pipeline/journey";
import { Ring } from "../store/ring";
import { recall, remember } from "./settings";

/** Trades kept, so that a filter has something to choose from, and the most shown at once. */
const KEPT = 2000;
const ROWS = 100;
/** Trades of at least this many times the running mean size are set in bold. */
const LARGE = 4;
const MEAN_WEIGHT = 0.02;
/** Trades before the first that can be large. */
const WARM_UP = 15;
/** Least sizes to choose from. */
const LEAST = [0, 5, 10, 50, 100, 500, 1000, 10_000];
/** Scrolled farther than this (CSS pixels), the list stays where it is. */
const SCROLLED_PX = 4;

interface Row {
  id: string;
  /** The trade's way to this page, if it was traced. */
  journey: Journey | null;
  element: HTMLElement;
  follow: HTMLElement;
  time: HTMLElement;
  price: HTMLElement;
  size: HTMLElement;
}

interface Trade extends Tick {
  large: boolean;
}

/** Time and sales: the last trades from a least size on, newest on top. */
export class Tape {
  private readonly list = byId("tape-list");
  private readonly newest = byId<HTMLButtonElement>("tape-newest");
  private readonly filter = byId<HTMLSelectElement>("tape-least");
  private readonly empty = byId("tape-empty");
  private readonly trades = new Ring<Trade>(KEPT);
  private readonly rows: Row[];
  private least = leastOf(recall("tape-least"));
  private drawn = 0;
  private meanSize = 0;
  /** The zone and decimals that the rows were drawn with. */
  private look = "";

  /** `onFollow` is called with the way of a traced trade that the user clicks. */
  constructor(onFollow: (journey: Journey) => void) {
    this.rows = Array.from({ length: ROWS }, () => makeRow(onFollow));
    for (const size of LEAST) {
      const text = size === 0 ? "all" : `≥ ${compact(size)}`;
      this.filter.append(el("option", "", { value: String(size) }, text));
    }
    this.filter.value = String(this.least);
    this.filter.addEventListener("change", () => {
      this.least = leastOf(this.filter.value);
      remember("tape-least", String(this.least));
      this.look = "";
    });
    this.newest.addEventListener("click", () => {
      this.list.scrollTop = 0;
      this.list.focus();
    });
    this.list.replaceChildren(...this.rows.map(({ element }) => element));
    this.list.tabIndex = 0;
    this.clear();
  }

  /** A trade was traced: its row, if there is one, can be clicked. */
  trace(journey: Journey): void {
    const row = this.rows.find((each) => each.id === journey.id);
    if (row === undefined) return;
    row.journey = journey;
    row.follow.hidden = false;
  }

  clear(): void {
    this.trades.clear();
    this.drawn = 0;
    this.meanSize = 0;
    this.hideRows();
    this.list.scrollTop = 0;
  }

  push(tick: Tick): void {
    const large = this.trades.total >= WARM_UP && tick.volume > this.meanSize * LARGE;
    const weight = Math.max(MEAN_WEIGHT, 1 / (this.trades.total + 1));
    this.meanSize += (tick.volume - this.meanSize) * weight;
    this.trades.push({ ...tick, large });
  }

  /** Draw the trades since the last call, unless the user has scrolled to earlier ones. */
  render(decimals: number, zone: Zone): void {
    const waiting = this.trades.total - this.drawn;
    const isHeld = this.list.scrollTop > SCROLLED_PX;
    this.newest.hidden = !isHeld;
    if (isHeld) setText(this.newest, waiting === 0 ? "Newest ▴" : `${compact(waiting)} newer ▴`);
    const look = `${decimals} ${zone}`;
    if (look !== this.look && !isHeld) this.redraw(decimals, zone);
    else if (!isHeld) this.addRows(Math.min(waiting, this.trades.size), decimals, zone);
    if (!isHeld) this.look = look;
    this.showEmpty();
  }

  private hideRows(): void {
    for (const row of this.rows) {
      row.element.hidden = true;
      row.id = "";
    }
  }

  private addRows(count: number, decimals: number, zone: Zone): void {
    this.drawn = this.trades.total;
    for (const trade of this.wanted(count).reverse()) {
      // The oldest row becomes the new top row.
      const row = this.rows.pop();
      if (row === undefined) return;
      fill(row, trade, decimals, zone);
      this.rows.unshift(row);
      this.list.prepend(row.element);
    }
  }

  private redraw(decimals: number, zone: Zone): void {
    this.hideRows();
    this.addRows(this.trades.size, decimals, zone);
  }

  /** Of the `count` newest trades, those that are large enough, newest first. */
  private wanted(count: number): Trade[] {
    const wanted: Trade[] = [];
    for (let age = 0; age < count && wanted.length < ROWS; age++) {
      const trade = this.trades.newest(age);
      if (trade !== undefined && trade.volume >= this.least) wanted.push(trade);
    }
    return wanted;
  }

  private showEmpty(): void {
    const isEmpty = this.rows[0].element.hidden;
    this.empty.hidden = !isEmpty;
    if (!isEmpty) return;
    const none = this.trades.size === 0;
    setText(
      this.empty,
      none ? "No trades yet." : `No trade of ${compact(this.least)} or more yet.`,
    );
  }
}

function leastOf(text: string | null): number {
  const size = Number(text ?? 0);
  return LEAST.includes(size) ? size : 0;
}

function makeRow(onFollow: (journey: Journey) => void): Row {
  const [time, price, size] = ["tape-time", "tape-price", "tape-size"].map((name) =>
    el("span", name),
  );
  // The panel has the same trades as a list for the keyboard: here they would be moving tab stops.
  const follow = el("button", "tape-follow", {
    type: "button",
    tabindex: "-1",
    "data-tip": "Follow this trade hop by hop",
    "aria-label": "Follow this trade hop by hop",
  });
  const element = el("li", "tape-row", {}, time, price, size, follow);
  const row: Row = { id: "", journey: null, element, follow, time, price, size };
  follow.addEventListener("click", () => {
    if (row.journey !== null) onFollow(row.journey);
  });
  return row;
}

function fill(row: Row, trade: Trade, decimals: number, zone: Zone): void {
  row.id = trade.id;
  row.journey = null;
  row.follow.hidden = true;
  row.element.hidden = false;
  setData(row.element, "side", trade.side);
  setData(row.element, "large", String(trade.large));
  setText(row.time, clock(trade.timestamp, zone));
  setText(row.price, padDecimals(trade.price, decimals));
  setText(row.size, compact(trade.volume));
}
