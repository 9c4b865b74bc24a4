import type { Chart } from "../chart/chart";
import type { ScaleKind } from "../chart/price-scale";
import { type Comparison, comparison, MOST_COMPARED } from "../compare/comparison";
import { byId, el, setText } from "../dom";
import type { HeldCandles } from "../indicators/kernel-indicators";
import { findSymbol } from "./choice";
import { type Offer, OfferList } from "./offer-list";
import type { PeerCandles } from "./peer-candles";
import { releaseFocusOnClose, showExpanded } from "./popover";

/** Rows at most; a search narrows them down. */
const MOST_ROWS = 200;
const HINT = `Up to ${MOST_COMPARED} symbols, each counted in percent from the first candle in sight.`;

export interface ComparePanelHandlers {
  symbols(): Iterable<string>;
  onEdited(symbols: readonly string[]): void;
  onDrawn(): void;
  onFailure(reason: string): void;
}

/** The panel that chooses the symbols to compare, and their lines on the chart. */
export class ComparePanel {
  private readonly button = byId("compare");
  private readonly panel = byId("compare-panel");
  private readonly error = el("p", "compare-error", { role: "alert" });
  private readonly stop = el("button", "tool-button", { type: "button" }, "Stop comparing");
  private readonly list: OfferList;
  private readonly comparison: Comparison;
  private readonly held = new Map<string, HeldCandles & { interval: string }>();
  /** The symbols to compare. That of the chart itself is left out while it is shown. */
  private wanted: readonly string[] = [];
  private isDrawing = false;

  constructor(
    private readonly chart: Chart,
    private readonly peers: PeerCandles,
    private readonly handlers: ComparePanelHandlers,
  ) {
    this.comparison = comparison(chart);
    this.list = new OfferList(this.panel, {
      search: "Compare with",
      list: "Symbols",
      none: "No symbol matches.",
      most: MOST_ROWS,
      offers: () => this.offers(),
    });
    this.panel.append(this.error, el("p", "compare-hint", {}, HINT), this.stop);
    this.stop.addEventListener("click", () => {
      this.edit([]);
      this.panel.hidePopover();
    });
    releaseFocusOnClose(this.panel);
    showExpanded(this.button, this.panel);
    this.panel.addEventListener("beforetoggle", () => setText(this.error, ""));
    this.comparison.on("change", (symbols) => {
      const kept = [...symbols, chart.symbol];
      const left = this.wanted.filter((each) => kept.includes(each));
      // Some were removed in the chart's legend.
      if (!this.isDrawing && left.length < this.wanted.length) this.edit(left);
    });
    // After the comparison, which lets go of what the chart shows itself.
    chart.on("source", () => this.draw());
  }

  /** The scale without the comparison. */
  get scale(): ScaleKind {
    return this.comparison.scale;
  }

  open(): void {
    this.panel.showPopover();
  }

  /** Compare these symbols, in whatever case, once the market is known. */
  show(symbols: readonly string[]): void {
    this.wanted = symbols;
    this.draw();
  }

  /** Compare these symbols, over a chart that has this scale without them. */
  restore(symbols: readonly string[], scale: ScaleKind): void {
    this.comparison.scale = scale;
    this.show(symbols);
  }

  private offers(): Offer[] {
    const own = this.chart.symbol;
    const names = [...this.handlers.symbols()].filter((each) => each !== own).sort();
    const isChosen = (name: string) => this.wanted.includes(name);
    const ordered = [...names.filter(isChosen), ...names.filter((each) => !isChosen(each))];
    return ordered.map((name) => ({
      name,
      about: "",
      isChosen: isChosen(name),
      choose: () => this.toggle(name),
    }));
  }

  private toggle(name: string): void {
    const others = this.wanted.filter((each) => each !== name);
    const isAdded = others.length === this.wanted.length;
    if (isAdded && others.length >= MOST_COMPARED) {
      setText(this.error, `At most ${MOST_COMPARED} symbols can be compared.`);
      return;
    }
    setText(this.error, "");
    this.edit(isAdded ? [...others, name] : others);
  }

  private edit(symbols: readonly string[]): void {
    this.show(symbols);
    this.handlers.onEdited(this.wanted);
  }

  private draw(): void {
    if (this.chart.symbol === null) return;
    this.wanted = this.known();
    const shown = this.wanted.filter((each) => each !== this.chart.symbol);
    this.isDrawing = true;
    for (const symbol of [...this.held.keys()]) if (!shown.includes(symbol)) this.leave(symbol);
    for (const symbol of shown) this.join(symbol);
    this.isDrawing = false;
    this.button.dataset["count"] = shown.length > 0 ? String(shown.length) : "";
    this.stop.hidden = this.wanted.length === 0;
    this.list.refresh();
    this.handlers.onDrawn();
  }

  /** The wanted symbols that the market has, as it writes them; others are told by name. */
  private known(): string[] {
    const market = [...this.handlers.symbols()];
    const found = new Set<string>();
    for (const symbol of this.wanted) {
      const name = findSymbol(market, symbol);
      if (name === null) {
        this.handlers.onFailure(`${symbol} is not in this market, and is not compared.`);
      } else if (found.size >= MOST_COMPARED) {
        this.handlers.onFailure(`At most ${MOST_COMPARED} symbols can be compared, not ${symbol}.`);
      } else found.add(name);
    }
    return [...found];
  }

  private join(symbol: string): void {
    const { interval } = this.chart;
    const before = this.held.get(symbol);
    if (before?.interval === interval && this.peers.has(symbol, interval)) return;
    const candles = this.peers.hold(symbol, interval);
    this.held.set(symbol, { ...candles, interval });
    this.comparison.add({ symbol, store: candles.store });
    before?.release?.();
  }

  private leave(symbol: string): void {
    this.comparison.remove(symbol);
    this.held.get(symbol)?.release?.();
    this.held.delete(symbol);
  }
}
