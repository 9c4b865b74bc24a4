import type { PublisherQuote } from "../feed/payloads";
import { compact, decimalsOf, padDecimals } from "../format/decimal";

/** The quotes of one venue as its row shows them; what is absent is empty. */
export interface VenueRow {
  name: string;
  /** The data set and the venue in full. */
  publisher: string;
  bid: string;
  bidSize: string;
  ask: string;
  askSize: string;
  /** True if no other venue bids more, and true if none asks less. */
  isBestBid: boolean;
  isBestAsk: boolean;
}

/** The rows of venues, in the order of the quotes; prices have `decimals` digits at least. */
export function venueRows(quotes: readonly PublisherQuote[], decimals: number): VenueRow[] {
  const bids = quotes.flatMap(({ bid }) => bid ?? []);
  const asks = quotes.flatMap(({ ask }) => ask ?? []);
  const digits = Math.max(decimals, ...[...bids, ...asks].map(decimalsOf));
  const best = { bid: Math.max(...bids.map(Number)), ask: Math.min(...asks.map(Number)) };
  const venues = quotes.map(venueOf);
  return quotes.map((quote, k) => ({
    name: venues.indexOf(venues[k]) === venues.lastIndexOf(venues[k]) ? venues[k] : fullName(quote),
    publisher: fullName(quote),
    bid: quote.bid === null ? "" : padDecimals(quote.bid, digits),
    bidSize: quote.bid_size === null ? "" : compact(quote.bid_size),
    ask: quote.ask === null ? "" : padDecimals(quote.ask, digits),
    askSize: quote.ask_size === null ? "" : compact(quote.ask_size),
    isBestBid: quote.bid !== null && Number(quote.bid) === best.bid,
    isBestAsk: quote.ask !== null && Number(quote.ask) === best.ask,
  }));
}

/** The venue of `XNAS.ITCH.XBOS`: its last part. */
function venueOf(quote: PublisherQuote): string {
  return quote.publisher?.split(".").at(-1) ?? fullName(quote);
}

function fullName({ publisher, publisher_id }: PublisherQuote): string {
  return publisher ?? `Publisher ${publisher_id}`;
}
