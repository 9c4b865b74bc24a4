import { byId, el, setHidden, setText } from "../dom";
import type { Book, PublisherQuotes } from "../feed/payloads";
import { Roving } from "../roving";
import {
  bookNote,
  type LadderRow,
  type LadderSide,
  ladderRows,
  spokenRow,
  spreadOf,
} from "./book-levels";
import { VenueList } from "./venue-list";

const DEPTH = 10;
const BLANK: LadderSide = { price: "", size: "", exactSize: 0, orders: "", share: 0 };

interface Cells {
  row: HTMLElement;
  bid: SideCells;
  ask: SideCells;
}

interface SideCells {
  bar: HTMLElement;
  price: HTMLElement;
  size: HTMLElement;
  orders: HTMLElement;
}

/** The ladder of the selected symbol's order book: bids at the left, asks at the right. */
export class BookPanel {
  private readonly panel = byId("book");
  private readonly spread = byId("book-spread");
  private readonly note = byId("book-note");
  private readonly empty = byId("book-empty");
  private readonly ladder = byId("book-ladder");
  private readonly cells: Cells[];
  private readonly roving: Roving;
  private readonly venues = new VenueList(byId("book-venues"));

  constructor() {
    const list = byId("book-list");
    this.cells = Array.from({ length: DEPTH }, makeCells);
    list.append(...this.cells.map(({ row }) => row));
    this.roving = new Roving(list, { items: ".book-row" });
  }

  /** Draw a book with prices of `decimals` digits; `told` says whether the server has told of it. */
  render(book: Book | null, told: boolean, decimals: number): void {
    this.panel.dataset["state"] = book !== null ? "book" : told ? "none" : "waiting";
    setHidden(this.ladder, book === null);
    setHidden(this.empty, book !== null || !told);
    const spread = book === null ? null : spreadOf(book, decimals);
    setText(this.spread, spread === null ? "" : `Spread ${spread}`);
    const note = book === null ? "" : bookNote(book);
    setText(this.note, note);
    setHidden(this.note, note === "");
    if (book !== null) this.fill(ladderRows(book, decimals));
  }

  /** Show the quotes of each publisher with prices of `decimals` digits; null hides them. */
  renderVenues(quotes: PublisherQuotes | null, decimals: number): void {
    this.venues.render(quotes?.publishers ?? [], decimals);
  }

  private fill(rows: readonly LadderRow[]): void {
    let hiding = false;
    this.cells.forEach(({ row, bid, ask }, k) => {
      const level = rows[k];
      hiding ||= row.hidden !== (level === undefined);
      if (setHidden(row, level === undefined) || level === undefined) return;
      fillSide(bid, level.bid ?? BLANK);
      fillSide(ask, level.ask ?? BLANK);
      row.setAttribute("aria-label", spokenRow(level, k + 1));
    });
    if (hiding) this.roving.refresh();
  }
}

function fillSide(cells: SideCells, { price, size, orders, share }: LadderSide): void {
  setText(cells.price, price);
  setText(cells.size, size);
  setText(cells.orders, orders);
  const scale = `scaleX(${share.toFixed(3)})`;
  if (cells.bar.style.transform !== scale) cells.bar.style.transform = scale;
}

function makeCells(): Cells {
  const bid = makeSide();
  const ask = makeSide();
  const row = el(
    "li",
    "book-row mono",
    {},
    half("book-bid", bid.bar, bid.orders, bid.size, bid.price),
    half("book-ask", ask.bar, ask.price, ask.size, ask.orders),
  );
  return { row, bid, ask };
}

function makeSide(): SideCells {
  return {
    bar: el("i", "book-bar"),
    price: el("span", "book-price"),
    size: el("span", "book-size"),
    orders: el("span", "book-orders"),
  };
}

function half(name: string, ...cells: HTMLElement[]): HTMLElement {
  return el("span", `book-half ${name}`, { "aria-hidden": "true" }, ...cells);
}
