import { byId } from "../dom";
import { INTERVALS } from "../schema";
import type { Interval } from "../store/intervals";
import { type Address, readAddress, writeAddress } from "./address";
import { firstSymbol } from "./choice";
import type { IntervalButtons } from "./intervals";
import type { Shortcut } from "./keys";
import type { Notice } from "./notice";
import type { Panels } from "./panels";
import type { PeerCandles } from "./peer-candles";
import type { References } from "./references";
import type { PageSession } from "./session";
import { recall, remember } from "./settings";
import type { SymbolStates } from "./symbols";
import type { Toolbar } from "./toolbar";
import type { WatchList } from "./watch-list";

/** The parts of the page that choose what is shown, or follow the choice. */
export interface NavigationParts {
  readonly market: SymbolStates;
  readonly session: PageSession;
  readonly peers: PeerCandles;
  readonly references: References;
  readonly watch: WatchList;
  readonly intervals: IntervalButtons;
  readonly toolbar: Toolbar;
  readonly panels: Panels;
  readonly notice: Notice;
}

export interface NavigationHandlers {
  /** Another symbol is about to be shown. */
  onLeave(): void;
  /** Another symbol or interval is shown. */
  onShown(): void;
}

/**
 * The choice of the symbol and interval shown: by the user, by the page's address, or by Back and
 * Forward in the browser's history.
 */
export class Navigation {
  constructor(
    private readonly parts: NavigationParts,
    private address: Address,
    private readonly handlers: NavigationHandlers,
  ) {
    byId("symbol").addEventListener("click", () => this.openWatch());
    window.addEventListener("popstate", () => this.restore());
  }

  get shortcuts(): Shortcut[] {
    const names = Object.keys(INTERVALS);
    const { intervals, session } = this.parts;
    return [
      { keys: ["/"], does: "Choose a symbol", run: () => this.openWatch() },
      {
        keys: names.map((_, index) => String(index + 1)),
        shown: `1 to ${names.length}`,
        does: `Interval: ${names.join(", ")}`,
        run: (key) => this.choose(intervals.byKey(key) ?? session.interval),
      },
    ];
  }

  /** Show the symbol of the address, of the last visit, or the first; nothing in an empty market. */
  selectFirst(): void {
    const { market, session, notice } = this.parts;
    const first = firstSymbol(market.symbols.keys(), this.address.symbol, recall("symbol"));
    if (first === null) return;
    this.show(first.symbol, session.interval, false);
    if (first.missing === null) return;
    notice.show(`${first.missing} is not in this market; showing ${first.symbol}.`, {
      label: "Choose a symbol",
      run: () => this.openWatch(),
    });
  }

  select(symbol: string): void {
    const { market, session } = this.parts;
    if (market.symbols.has(symbol)) this.show(symbol, session.interval, true);
  }

  choose(interval: Interval): void {
    const { session, intervals } = this.parts;
    if (session.symbol === null) session.interval = interval;
    else this.show(session.symbol, interval, true);
    intervals.setSelected(interval);
  }

  /** Write what is shown into the address; Back returns to the view before if `isStep`. */
  writeAddress(isStep: boolean): void {
    const { session, toolbar } = this.parts;
    const { symbol, interval } = session;
    if (symbol === null) return;
    const { indicators, compare } = toolbar;
    const chosen = { indicators: indicators.text, compare: compare.text, scale: compare.scale };
    writeAddress({ symbol, interval, ...chosen }, isStep);
  }

  private openWatch(): void {
    const { panels, watch } = this.parts;
    panels.open("watch", byId("symbol"));
    watch.focusSearch();
  }

  private show(symbol: string, interval: Interval, isStep: boolean): void {
    const { session, peers, references, watch, intervals } = this.parts;
    if (symbol !== session.symbol) this.handlers.onLeave();
    peers.leave(symbol);
    session.select(symbol, interval);
    references.haveShown(session);
    watch.setSelected(symbol);
    intervals.setSelected(interval);
    remember("symbol", symbol);
    remember("interval", interval);
    this.writeAddress(isStep);
    this.handlers.onShown();
  }

  /** The user went back or forth in the browser's history. */
  private restore(): void {
    const { market, session, toolbar } = this.parts;
    this.address = readAddress(location.search);
    const { symbol, interval, scale, compare } = this.address;
    toolbar.compare.restore(compare, scale ?? "linear");
    if (symbol === null || !market.symbols.has(symbol)) return;
    this.show(symbol, interval ?? session.interval, false);
  }
}
