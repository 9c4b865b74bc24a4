import { byId, setData, setText } from "../dom";
import type { Quote, Snapshot } from "../feed/payloads";
import { compact, decimalsOf, fromUnits, padDecimals, percent, toUnits } from "../format/decimal";
import type { Day } from "./session";
import { changeOf, type SymbolState, trendOf } from "./symbols";

const NONE = "—";

/** Prices and figures of the selected symbol in the top bar. */
export class Header {
  private readonly parts = {
    symbol: byId("symbol-name"),
    raw: byId("symbol-raw"),
    last: byId("last"),
    change: byId("change"),
    bid: byId("bid"),
    ask: byId("ask"),
    bidSize: byId("bid-size"),
    askSize: byId("ask-size"),
    spread: byId("spread"),
    high: byId("day-high"),
    low: byId("day-low"),
    volume: byId("day-volume"),
  };
  private quote: Pick<Snapshot, "bid" | "ask" | "bid_size" | "ask_size"> | null = null;
  private day: Day | null = null;

  /** Clear the figures, before another symbol is shown. */
  clear(): void {
    this.quote = null;
    this.day = null;
  }

  setQuote(quote: Quote | Snapshot): void {
    this.quote = quote;
  }

  setDay(day: Day): void {
    this.day = day;
  }

  render(state: SymbolState): void {
    const { parts } = this;
    const show = (price: string | null) =>
      price === null ? NONE : padDecimals(price, state.decimals);
    setText(parts.symbol, state.symbol);
    setText(parts.raw, state.raw && ` ${state.raw}`);
    setText(parts.last, show(state.last));
    setData(parts.last, "trend", state.rising === null ? "flat" : state.rising ? "up" : "down");
    this.renderChange(state);
    const { bid = null, ask = null, bid_size = null, ask_size = null } = this.quote ?? {};
    setText(parts.bid, show(bid));
    setText(parts.ask, show(ask));
    setText(parts.bidSize, bid_size === null ? "" : `× ${compact(bid_size)}`);
    setText(parts.askSize, ask_size === null ? "" : `× ${compact(ask_size)}`);
    setText(
      parts.spread,
      bid === null || ask === null ? NONE : difference(ask, bid, state.decimals),
    );
    setText(parts.high, show(this.day?.high ?? null));
    setText(parts.low, show(this.day?.low ?? null));
    setText(parts.volume, this.day === null ? NONE : compact(this.day.volume));
  }

  private renderChange(state: SymbolState): void {
    const { change } = this.parts;
    const share = changeOf(state);
    if (share === null || state.last === null || state.reference === null) {
      setText(change, "");
      return;
    }
    const absolute = difference(state.last, state.reference, state.decimals);
    const signed = absolute.startsWith("-") ? absolute.replace("-", "−") : `+${absolute}`;
    setText(change, `${signed}  ${percent(share)}`);
    setData(change, "trend", trendOf(share));
  }
}

/** The exact difference of two prices. */
function difference(a: string, b: string, least: number): string {
  const decimals = Math.max(decimalsOf(a), decimalsOf(b), least);
  return fromUnits(toUnits(a, decimals) - toUnits(b, decimals), decimals);
}
