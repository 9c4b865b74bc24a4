import type { Book, BookLevel } from "../feed/payloads";
import { compact, decimalsOf, fromUnits, padDecimals, toUnits } from "../format/decimal";

/** One side of a row of the ladder. */
export interface LadderSide {
  price: string;
  /** Short, such as "12.3K"; and exact. */
  size: string;
  exactSize: number;
  /** Empty if the venue does not tell. */
  orders: string;
  /** Share of the largest size that is shown, from 0 to 1. */
  share: number;
}

/** One level of both sides; a side that has no such level is null. */
export interface LadderRow {
  bid: LadderSide | null;
  ask: LadderSide | null;
}

/** The rows of the ladder, the best level first; prices with as many digits, and `decimals` at least. */
export function ladderRows({ bids, asks }: Book, decimals: number): LadderRow[] {
  const digits = Math.max(decimals, ...[...bids, ...asks].map(([price]) => decimalsOf(price)));
  const largest = Math.max(1, ...[...bids, ...asks].map(([, size]) => size));
  const side = (level: BookLevel | undefined): LadderSide | null => {
    if (level === undefined) return null;
    const [price, size, orders] = level;
    return {
      price: padDecimals(price, digits),
      size: compact(size),
      exactSize: size,
      orders: orders > 0 ? compact(orders) : "",
      share: size / largest,
    };
  };
  const depth = Math.max(bids.length, asks.length);
  return Array.from({ length: depth }, (_, k) => ({ bid: side(bids[k]), ask: side(asks[k]) }));
}

/** The best ask less the best bid, an exact decimal; null if there is no bid or no ask. */
export function spreadOf({ bids, asks }: Book, decimals: number): string | null {
  const [bid, ask] = [bids[0]?.[0], asks[0]?.[0]];
  if (bid === undefined || ask === undefined) return null;
  const digits = Math.max(decimals, decimalsOf(bid), decimalsOf(ask));
  return fromUnits(toUnits(ask, digits) - toUnits(bid, digits), digits);
}

/** A note on a book's state; empty if there is nothing to note. */
export function bookNote({ unsynced, crossed }: Book): string {
  if (unsynced) return "Being built again; orders may be missing.";
  return crossed ? "Bids and asks cross, as before an auction." : "";
}

/** A row as one sentence, for those who hear the page. */
export function spokenRow({ bid, ask }: LadderRow, place: number): string {
  const side = (name: string, level: LadderSide | null): string => {
    if (level === null) return `no ${name}`;
    const orders = level.orders === "" ? "" : ` in ${level.orders} orders`;
    return `${name} ${level.price}, ${level.exactSize}${orders}`;
  };
  return `Level ${place}: ${side("bid", bid)}; ${side("ask", ask)}`;
}
