import { byId, el } from "../dom";
import { Roving } from "../roving";
import { recall, remember } from "./settings";
import type { SymbolState, SymbolStates } from "./symbols";
import { COLUMNS, type Column, compare, nextOrder, readOrder, writeOrder } from "./watch-order";
import { WatchRow } from "./watch-row";

/** Maximum number of rows; a search narrows them down. */
const MAX_ROWS = 200;
/** Least time between two sortings by a moving figure, and between two drawings of a sparkline. */
const SORT_MS = 2000;
const SPARK_MS = 1000;

export interface WatchHandlers {
  onSelect(symbol: string): void;
  /** Called with each symbol that gets a row. */
  onShown(symbol: string): void;
  /** The user is done with the list. */
  onDone(): void;
}

/** The searchable and sortable list of symbols, each with its sparkline and figures: a grid. */
export class WatchList {
  private readonly search = byId<HTMLInputElement>("search");
  private readonly list = el("div", "watch-list", { id: "watch-list", role: "rowgroup" });
  private readonly empty = byId("watch-empty");
  private readonly heads = new Map<Column, HTMLElement>();
  private readonly roving: Roving;
  private readonly rows = new Map<string, WatchRow>();
  private readonly undrawn = new Set<string>();
  private order = readOrder(recall("watch-sort"));
  private shown: string[] = [];
  private selected: string | null = null;
  private sortedAt = 0;
  private drawnAt = 0;
  private priceLength = 0;

  constructor(
    private readonly market: SymbolStates,
    private readonly handlers: WatchHandlers,
  ) {
    const columns = el("div", "columns watch-columns", { role: "row" });
    columns.append(...Object.keys(COLUMNS).map((name) => this.head(name as Column)));
    columns.children[0].after(el("span", "column-spark", { role: "columnheader" }, "Trend"));
    const grid = byId("watch-grid");
    grid.setAttribute("role", "grid");
    grid.setAttribute("aria-label", "Symbols");
    grid.append(el("div", "", { role: "rowgroup" }, columns), this.list);
    new Roving(columns, { items: "button" });
    this.roving = new Roving(this.list, { items: ".watch-row" });
    this.search.addEventListener("input", () => this.rebuild());
    this.search.addEventListener("keydown", (event) => this.searchKey(event));
    this.list.addEventListener("keydown", (event) => this.listKey(event));
    this.showOrder();
  }

  focusSearch(): void {
    this.search.focus();
    this.search.select();
  }

  setSelected(symbol: string): void {
    this.selected = symbol;
    for (const [name, row] of this.rows) row.setSelected(name === symbol);
    const row = this.rows.get(symbol);
    if (row === undefined) return;
    this.roving.setCurrent(row.element);
    row.element.scrollIntoView({ block: "nearest" });
  }

  /** Rebuild the rows after a change of the symbols or of the search. */
  rebuild(): void {
    const wanted = this.search.value.trim().toUpperCase();
    const found = this.sorted().filter(({ symbol, raw }) =>
      `${symbol}\n${raw}`.toUpperCase().includes(wanted),
    );
    this.shown = found.slice(0, MAX_ROWS).map(({ symbol }) => symbol);
    this.rows.clear();
    this.priceLength = 0;
    this.list.replaceChildren(...this.shown.map((symbol) => this.addRow(symbol).element));
    this.roving.refresh();
    this.empty.hidden = this.shown.length > 0;
    const isEmpty = this.market.symbols.size === 0;
    this.empty.textContent = isEmpty ? "No symbols yet." : "No symbol matches.";
  }

  /** Update the rows of symbols that have changed. */
  render(now: number): void {
    const { changed, symbols } = this.market;
    for (const symbol of changed) {
      const state = symbols.get(symbol);
      const row = this.rows.get(symbol);
      if (state !== undefined && row !== undefined) this.widen(row.fill(state));
      this.undrawn.add(symbol);
    }
    changed.clear();
    if (now - this.drawnAt >= SPARK_MS) this.drawSparks(now);
    if (this.order.by !== "symbol" && now - this.sortedAt >= SORT_MS) this.sort(now);
  }

  /** Make room for prices of this many characters, in all rows alike. */
  private widen(length: number): void {
    if (length <= this.priceLength) return;
    this.priceLength = length;
    byId("watch-grid").style.setProperty("--last-width", `${length}ch`);
  }

  private drawSparks(now: number): void {
    this.drawnAt = now;
    for (const symbol of this.undrawn) {
      const state = this.market.symbols.get(symbol);
      if (state !== undefined) this.rows.get(symbol)?.draw(state);
    }
    this.undrawn.clear();
  }

  private sorted(): SymbolState[] {
    return [...this.market.symbols.values()].sort((a, b) => compare(a, b, this.order));
  }

  /** Put the rows in order, unless someone is about to use one. */
  private sort(now: number): void {
    if (this.list.matches(":hover, :focus-within")) return;
    this.sortedAt = now;
    const rank = new Map(this.sorted().map(({ symbol }, index) => [symbol, index]));
    const before = this.shown.join("\n");
    this.shown.sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0));
    if (before === this.shown.join("\n")) return;
    for (const symbol of this.shown) {
      const row = this.rows.get(symbol);
      if (row !== undefined) this.list.append(row.element);
    }
  }

  private addRow(symbol: string): WatchRow {
    const row = new WatchRow(symbol, () => this.choose(symbol));
    this.rows.set(symbol, row);
    row.setSelected(symbol === this.selected);
    const state = this.market.symbols.get(symbol);
    if (state !== undefined) {
      this.widen(row.fill(state));
      row.draw(state);
    }
    this.handlers.onShown(symbol);
    return row;
  }

  private head(column: Column): HTMLElement {
    const label = COLUMNS[column];
    const button = el("button", "", { type: "button" }, label);
    button.addEventListener("click", () => {
      this.order = nextOrder(this.order, column);
      remember("watch-sort", writeOrder(this.order));
      this.showOrder();
      this.rebuild();
    });
    const head = el("span", `column-${column}`, { role: "columnheader" }, button);
    this.heads.set(column, head);
    return head;
  }

  private showOrder(): void {
    for (const [column, head] of this.heads) {
      const way = this.order.descending ? "descending" : "ascending";
      head.setAttribute("aria-sort", column === this.order.by ? way : "none");
    }
  }

  private choose(symbol: string): void {
    if (this.search.value !== "") {
      this.search.value = "";
      this.rebuild();
    }
    this.handlers.onSelect(symbol);
    this.handlers.onDone();
  }

  private searchKey(event: KeyboardEvent): void {
    const first = this.shown[0];
    if (event.key === "ArrowDown") this.rows.get(first ?? "")?.element.focus();
    else if (event.key === "Enter" && first !== undefined) this.choose(first);
    else if (event.key === "Escape") this.handlers.onDone();
    else return;
    event.preventDefault();
  }

  private listKey(event: KeyboardEvent): void {
    const at = this.shown.findIndex((name) => this.rows.get(name)?.element === event.target);
    const symbol = this.shown[at];
    if (symbol !== undefined && (event.key === "Enter" || event.key === " ")) this.choose(symbol);
    else if (event.key === "ArrowUp" && at === 0) this.search.focus();
    else return;
    event.preventDefault();
  }
}
