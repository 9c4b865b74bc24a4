import { expect, test } from "vitest";
import { auctionFigures, isPending } from "../src/app/auction";
import type { Imbalance } from "../src/feed/payloads";

const NOW = 1_719_840_600_000;
const AUCTION: Imbalance = {
  symbol: "AAPL",
  auction: "C",
  side: "A",
  reference_price: "228.1",
  paired: 18_000,
  imbalance: 2400,
  clearing_price: "228.2",
  book_clearing_price: null,
  match_price: null,
  upper_collar: null,
  lower_collar: null,
  market_imbalance: null,
  unpaired: null,
  unpaired_side: "N",
  significant: "",
  auction_time: NOW + 1000,
  timestamp: NOW,
  ts_event: "0",
};

test("an auction is pending until its time, or for a minute if that is not known", () => {
  expect(isPending(null, NOW)).toBe(false);
  expect(isPending(AUCTION, null)).toBe(false);
  expect(isPending(AUCTION, NOW + 999)).toBe(true);
  expect(isPending(AUCTION, NOW + 1000)).toBe(false);
  const untimed = { ...AUCTION, auction_time: null };
  expect(isPending(untimed, NOW + 59_999)).toBe(true);
  expect(isPending(untimed, NOW + 60_000)).toBe(false);
  expect(isPending({ ...AUCTION, paired: 0, imbalance: null }, NOW)).toBe(false);
});

test("an auction has its kind and time, the surplus with its side, and prices where they are known", () => {
  const texts = (imbalance: Imbalance) =>
    auctionFigures(imbalance, 2, "UTC").map(({ label, text }) => `${label} ${text}`);
  expect(texts(AUCTION)).toEqual([
    "Closing 13:30:01",
    "Imbalance 2400 sell",
    "Paired 18.0K",
    "Indicative 228.20",
    "Reference 228.10",
  ]);
  const bare = { auction: "x", auction_time: null, imbalance: 0, clearing_price: null };
  expect(texts({ ...AUCTION, ...bare, match_price: "228.25", paired: null })).toEqual([
    "Auction soon",
    "Imbalance none",
    "Indicative 228.25",
    "Reference 228.10",
  ]);
});
