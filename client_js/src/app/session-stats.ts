import { byId, el, setData, setText } from "../dom";
import type { Statistic, TradingStatus } from "../feed/payloads";
import { compact, padDecimals } from "../format/decimal";

/** The statistics that the top bar shows, in this order, and what it calls them. */
const SHOWN = [
  ["settlement_price", "Settlement"],
  ["open_interest", "Open interest"],
  ["trading_session_high_price", "Session high"],
  ["trading_session_low_price", "Session low"],
] as const;

/** The venue's statistics and trading status of the selected symbol in the top bar. */
export class SessionStats {
  private readonly list = byId("session-stats");
  private readonly badge = byId("trading-status");
  private stats: Readonly<Record<string, Statistic>> = {};
  private status: TradingStatus | null = null;

  /** Clear the figures, before another symbol is shown. */
  clear(): void {
    this.stats = {};
    this.status = null;
  }

  setStats(stats: Readonly<Record<string, Statistic>>): void {
    this.stats = stats;
  }

  setStatus(status: TradingStatus): void {
    this.status = status;
  }

  /** Show them; prices have at least `decimals` decimals. */
  render(decimals: number): void {
    const figures = SHOWN.flatMap(([name, label]) => {
      const text = textOf(this.stats[name], decimals);
      return text === null ? [] : [{ label, text }];
    });
    this.list.hidden = figures.length === 0;
    const key = figures.map(({ label, text }) => `${label} ${text}`).join();
    if (this.list.dataset["shown"] !== key) {
      this.list.dataset["shown"] = key;
      this.list.replaceChildren(...figures.map(({ label, text }) => figureOf(label, text)));
    }
    const words = statusWords(this.status);
    this.badge.hidden = words === "";
    setText(this.badge, words);
    setData(this.badge, "halted", String(this.status?.halted === true));
  }
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

function figureOf(label: string, text: string): HTMLElement {
  const name = el("dt", "");
  name.textContent = label;
  const value = el("dd", "");
  value.textContent = text;
  const figure = el("div", "");
  figure.append(name, value);
  return figure;
}
