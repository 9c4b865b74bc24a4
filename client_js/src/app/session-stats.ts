import { byId, el, setData, setHidden, setText } from "../dom";
import type { Imbalance, Statistic, TradingStatus } from "../feed/payloads";
import { compact, padDecimals } from "../format/decimal";
import type { Zone } from "../format/zone";
import type { MarketClock } from "../store/market-clock";
import { auctionFigures, isPending } from "./auction";

/** The statistics that the top bar shows, in this order, and what it calls them. */
const SHOWN = [
  ["settlement_price", "Settlement"],
  ["open_interest", "Open interest"],
  ["close_price", "Close"],
  ["opening_price", "Open"],
  ["trading_session_high_price", "Session high"],
  ["trading_session_low_price", "Session low"],
] as const;

interface Figure {
  label: string;
  text: string;
}

/** The venue's statistics, trading status and auction of the selected symbol in the top bar. */
export class SessionStats {
  private readonly list = byId("session-stats");
  private readonly auction = byId("auction");
  private readonly badge = byId("trading-status");
  private stats: Readonly<Record<string, Statistic>> = {};
  private status: TradingStatus | null = null;
  private imbalance: Imbalance | null = null;

  /** `clock` is the feed's: an auction is over by it. */
  constructor(private readonly clock: MarketClock) {}

  /** Clear the figures, before another symbol is shown. */
  clear(): void {
    this.stats = {};
    this.status = null;
    this.imbalance = null;
  }

  setStats(stats: Readonly<Record<string, Statistic>>): void {
    this.stats = stats;
  }

  setStatus(status: TradingStatus): void {
    this.status = status;
  }

  setImbalance(imbalance: Imbalance): void {
    this.imbalance = imbalance;
  }

  /** Show them; prices have at least `decimals` decimals. */
  render(decimals: number, zone: Zone): void {
    const { imbalance } = this;
    const isAuction = isPending(imbalance, this.clock.now());
    show(this.auction, isAuction ? auctionFigures(imbalance, decimals, zone) : []);
    show(this.list, statFigures(this.stats, decimals));
    const words = statusWords(this.status);
    this.badge.hidden = words === "";
    setText(this.badge, words);
    setData(this.badge, "halted", String(this.status?.halted === true));
  }
}

function statFigures(stats: Readonly<Record<string, Statistic>>, decimals: number): Figure[] {
  return SHOWN.flatMap(([name, label]) => {
    const text = textOf(stats[name], decimals);
    return text === null ? [] : [{ label, text }];
  });
}

function show(list: HTMLElement, figures: readonly Figure[]): void {
  setHidden(list, figures.length === 0);
  const labels = figures.map(({ label }) => label).join();
  if (list.dataset["shown"] !== labels) {
    list.dataset["shown"] = labels;
    list.replaceChildren(...figures.map(({ label }) => figureOf(label)));
  }
  figures.forEach(({ text }, k) => {
    setText(list.children[k].lastElementChild as HTMLElement, text);
  });
}

/** The words for a trading status; empty while the symbol trades, or if that is not known. */
export function statusWords(status: TradingStatus | null): string {
  if (status === null || status.status === "trading" || status.status === "none") return "";
  const said = sentence(status.status);
  return status.reason === "none" || status.reason === "scheduled"
    ? said
    : `${said}: ${spaced(status.reason)}`;
}

function sentence(code: string): string {
  const words = spaced(code);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function spaced(code: string): string {
  return code.replaceAll("_", " ");
}

function textOf(stat: Statistic | undefined, decimals: number): string | null {
  if (stat === undefined) return null;
  if (stat.price !== null) return padDecimals(stat.price, decimals);
  return stat.quantity === null ? null : compact(stat.quantity);
}

function figureOf(label: string): HTMLElement {
  return el("div", "", {}, el("dt", "", {}, label), el("dd"));
}
