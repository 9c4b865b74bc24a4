import { byId, el, setData, setText } from "../dom";
import { padDecimals, percent } from "../format/decimal";
import { changeOf, type SymbolState, type SymbolStates, trendOf } from "./symbols";

/** Maximum number of rows; a search narrows them down. */
const MAX_ROWS = 200;

interface Row {
  element: HTMLElement;
  last: HTMLElement;
  change: HTMLElement;
}

/** The searchable list of symbols with last price and change: a listbox. */
export class WatchList {
  private readonly panel = byId("watch");
  private readonly search = byId<HTMLInputElement>("search");
  private readonly list = byId("watch-list");
  private readonly empty = byId("watch-empty");
  private readonly rows = new Map<string, Row>();
  private shown: string[] = [];
  private selected: string | null = null;

  /** `onShown` is called with each symbol that gets a row, `onSelect` with the chosen one. */
  constructor(
    private readonly market: SymbolStates,
    private readonly onSelect: (symbol: string) => void,
    private readonly onShown: (symbol: string) => void,
  ) {
    this.search.addEventListener("input", () => this.rebuild());
    this.panel.addEventListener("keydown", (event) => this.key(event));
    byId("symbol").addEventListener("click", () => this.open());
    document.addEventListener("pointerdown", (event) => this.closeIfOutside(event));
  }

  /** Open the list where it is not always visible, and focus the search field. */
  open(): void {
    this.panel.classList.add("open");
    this.search.focus();
    this.search.select();
  }

  setSelected(symbol: string): void {
    this.selected = symbol;
    for (const [name, row] of this.rows) mark(row.element, name === symbol);
    this.rows.get(symbol)?.element.scrollIntoView({ block: "nearest" });
  }

  /** Rebuild the rows after a change of the symbols or of the search. */
  rebuild(): void {
    const wanted = this.search.value.trim().toUpperCase();
    const names = [...this.market.symbols.keys()].sort(byName);
    this.shown = names.filter((name) => name.toUpperCase().includes(wanted)).slice(0, MAX_ROWS);
    this.rows.clear();
    this.list.replaceChildren(...this.shown.map((symbol) => this.addRow(symbol)));
    this.empty.hidden = this.shown.length > 0 || names.length === 0;
  }

  /** Update the rows of symbols that have changed. */
  render(): void {
    for (const symbol of this.market.changed) this.fill(symbol);
    this.market.changed.clear();
  }

  private addRow(symbol: string): HTMLElement {
    const last = el("span", "watch-last");
    const change = el("span", "watch-change");
    const name = el("span", "watch-name", { title: symbol }, symbol);
    const element = el("div", "watch-row", { role: "option", tabindex: "-1" }, name, last, change);
    element.addEventListener("click", () => this.choose(symbol));
    this.rows.set(symbol, { element, last, change });
    mark(element, symbol === this.selected);
    this.fill(symbol);
    this.onShown(symbol);
    return element;
  }

  private fill(symbol: string): void {
    const row = this.rows.get(symbol);
    const state = this.market.symbols.get(symbol);
    if (row === undefined || state === undefined) return;
    setText(row.last, lastText(state));
    if (state.rising !== null) setData(row.last, "trend", state.rising ? "up" : "down");
    const change = changeOf(state);
    setText(row.change, change === null ? "" : percent(change));
    setData(row.change, "trend", trendOf(change));
  }

  private choose(symbol: string): void {
    this.panel.classList.remove("open");
    if (this.search.value !== "") {
      this.search.value = "";
      this.rebuild();
    }
    this.onSelect(symbol);
  }

  private key(event: KeyboardEvent): void {
    const focused = document.activeElement;
    const at = this.shown.findIndex((symbol) => this.rows.get(symbol)?.element === focused);
    if (event.key === "ArrowDown") this.focus(at + 1);
    else if (event.key === "ArrowUp") this.focus(at - 1);
    else if (event.key === "Enter") this.choose(this.shown[Math.max(at, 0)] ?? this.selected ?? "");
    else if (event.key === "Escape") this.panel.classList.remove("open");
    else return;
    event.preventDefault();
  }

  private focus(index: number): void {
    const symbol = this.shown[Math.min(index, this.shown.length - 1)];
    if (index < 0 || symbol === undefined) this.search.focus();
    else this.rows.get(symbol)?.element.focus();
  }

  private closeIfOutside({ target }: Event): void {
    if (!(target instanceof Node)) return;
    if (this.panel.contains(target) || byId("symbol").contains(target)) return;
    this.panel.classList.remove("open");
  }
}

function mark(element: HTMLElement, selected: boolean): void {
  element.setAttribute("aria-selected", String(selected));
}

function lastText({ last, decimals }: SymbolState): string {
  return last === null ? "—" : padDecimals(last, decimals);
}

function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
