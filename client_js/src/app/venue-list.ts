import { ElementPool, el, setData, setHidden, setText } from "../dom";
import type { PublisherQuote } from "../feed/payloads";
import { type VenueRow, venueRows } from "./venues";

const COLUMNS = ["Venue", "Size", "Bid", "Ask", "Size"] as const;
const CELLS = ["name", "bidSize", "bid", "ask", "askSize"] as const;

/** The best bid and ask of each venue of the selected symbol, where there are several. */
export class VenueList {
  private readonly body = el("tbody");
  private readonly rows = new ElementPool(() => this.body.appendChild(makeRow()));

  constructor(private readonly element: HTMLElement) {
    const heads = COLUMNS.map((name) => el("th", "", { scope: "col" }, name));
    const head = el("thead", "columns", {}, el("tr", "", {}, ...heads));
    // Its rows are reached by scrolling alone.
    element.tabIndex = 0;
    element.append(el("table", "venues", {}, head, this.body));
  }

  /** Show the quotes with prices of `decimals` digits; there is nothing to see without any. */
  render(quotes: readonly PublisherQuote[], decimals: number): void {
    if (setHidden(this.element, quotes.length === 0)) return;
    this.rows.show(venueRows(quotes, decimals), fill);
  }
}

function makeRow(): HTMLTableRowElement {
  const [name, ...figures] = CELLS;
  return el(
    "tr",
    "venue-row",
    {},
    el("th", `venue-${name}`, { scope: "row" }),
    ...figures.map((cell) => el("td", `venue-${cell} mono`)),
  );
}

function fill(row: HTMLTableRowElement, venue: VenueRow): void {
  CELLS.forEach((name, k) => {
    setText(row.cells[k], venue[name]);
  });
  if (row.cells[0].title !== venue.publisher) row.cells[0].title = venue.publisher;
  setData(row, "bestBid", String(venue.isBestBid));
  setData(row, "bestAsk", String(venue.isBestAsk));
}
