import { el, setData, setText } from "../../dom";
import { compact } from "../../format/decimal";
import { clockMs, latency } from "../../format/time";
import type { Zone } from "../../format/zone";
import type { Journey } from "../journey";

const ROWS = 10;

interface Row {
  item: HTMLElement;
  button: HTMLButtonElement;
  cells: HTMLElement[];
  journey: Journey | null;
}

/**
 * The newest traced trades, each a button that follows it. The list stands still while it has the
 * pointer or the focus, so that a row can be chosen.
 */
export class Trades {
  readonly element = el("section", "trades", { "aria-label": "Sampled trades" });
  private readonly note = el("span", "trades-note");
  private readonly empty = el("p", "empty", {}, "No trade has been sampled yet.");
  private readonly rows: Row[];
  private isHeld = false;

  constructor(onFollow: (journey: Journey) => void) {
    this.rows = Array.from({ length: ROWS }, () => makeRow(onFollow));
    const list = el("ol", "trades-list", {}, ...this.rows.map(({ item }) => item));
    this.element.append(el("h3", "", {}, "Sampled trades ", this.note), list, this.empty);
    list.addEventListener("pointerenter", () => this.hold(true));
    list.addEventListener("pointerleave", () => this.hold(list.matches(":focus-within")));
    list.addEventListener("focusin", () => this.hold(true));
    list.addEventListener("focusout", () => this.hold(list.matches(":hover")));
  }

  /** Show journeys, newest first. */
  render(journeys: readonly Journey[], chosen: string | null, zone: Zone): void {
    this.empty.hidden = journeys.length > 0;
    this.rows.forEach((row, index) => {
      const journey = journeys[index];
      if (journey !== undefined && !this.isHeld) fill(row, journey, zone);
      row.item.hidden = row.journey === null;
      const isChosen = row.journey !== null && row.journey.id === chosen;
      row.button.setAttribute("aria-pressed", String(isChosen));
    });
  }

  private hold(isHeld: boolean): void {
    this.isHeld = isHeld;
    setText(this.note, isHeld ? "held while you choose" : "");
  }
}

function makeRow(onFollow: (journey: Journey) => void): Row {
  const cells = ["time", "symbol", "trade", "total"].map((name) => el("span", `trades-${name}`));
  const button = el("button", "trades-row", { type: "button" }, ...cells);
  const row: Row = { item: el("li", "", {}, button), button, cells, journey: null };
  button.addEventListener("click", () => {
    if (row.journey !== null) onFollow(row.journey);
  });
  return row;
}

function fill(row: Row, journey: Journey, zone: Zone): void {
  const [time, symbol, trade, total] = row.cells;
  row.journey = journey;
  setData(row.button, "trace", journey.id);
  setText(time, clockMs(journey.began, zone));
  setText(symbol, journey.symbol);
  setText(trade, `${compact(journey.volume ?? 0)} at ${journey.price ?? ""}`);
  setText(total, latency(journey.total));
}
