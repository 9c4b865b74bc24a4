import type { Imbalance } from "../feed/payloads";
import { compact, padDecimals } from "../format/decimal";
import { clock } from "../format/time";
import type { Zone } from "../format/zone";

/** Names of the auctions whose codes venues share. */
const KINDS: Readonly<Record<string, string>> = {
  O: "Opening",
  C: "Closing",
  H: "Reopening",
  M: "Opening",
};
/** Time after which an auction whose own time is not known counts as over, ms. */
const FRESH_MS = 60_000;

/** True while the auction is still to come; `now` in ms by the feed's clock, null if it stands. */
export function isPending(imbalance: Imbalance | null, now: number | null): imbalance is Imbalance {
  if (imbalance === null || now === null) return false;
  if (!imbalance.paired && !imbalance.imbalance) return false;
  return now < (imbalance.auction_time ?? imbalance.timestamp + FRESH_MS);
}

/** The figures of an auction with their labels; prices have `decimals` digits at least. */
export function auctionFigures(
  imbalance: Imbalance,
  decimals: number,
  zone: Zone,
): { label: string; text: string }[] {
  const { auction, auction_time: time, reference_price: reference } = imbalance;
  const indicative =
    imbalance.match_price ?? imbalance.clearing_price ?? imbalance.book_clearing_price;
  const price = (value: string | null) => (value === null ? null : padDecimals(value, decimals));
  const figures: [string, string | null][] = [
    [KINDS[auction] ?? "Auction", time === null ? "soon" : clock(time, zone)],
    ["Imbalance", surplusOf(imbalance)],
    ["Paired", imbalance.paired === null ? null : compact(imbalance.paired)],
    ["Indicative", price(indicative)],
    ["Reference", price(reference)],
  ];
  return figures.flatMap(([label, text]) => (text === null ? [] : [{ label, text }]));
}

/** The surplus and its side, such as "12.3K buy". */
function surplusOf({ imbalance, side }: Imbalance): string | null {
  if (imbalance === null) return null;
  if (imbalance === 0) return "none";
  const name = { B: " buy", A: " sell", N: "" }[side];
  return `${compact(imbalance)}${name}`;
}
