import { expect, test } from "vitest";
import { venueRows } from "../src/app/venues";
import type { PublisherQuote } from "../src/feed/payloads";

const quote = (
  publisher: string | null,
  bid: string | null,
  ask: string | null,
): PublisherQuote => ({
  publisher_id: 7,
  publisher,
  bid,
  ask,
  bid_size: bid === null ? null : 12_300,
  ask_size: ask === null ? null : 5,
  timestamp: 0,
  ts_event: "0",
});

test("a venue is named by the last part of its publisher, in full where two have the same", () => {
  const rows = venueRows(
    [
      quote("XNAS.ITCH.XNAS", "1", "2"),
      quote("DBEQ.BASIC.XNAS", "1", "2"),
      quote("A.B.XBOS", "1", "2"),
    ],
    2,
  );
  expect(rows.map(({ name }) => name)).toEqual(["XNAS.ITCH.XNAS", "DBEQ.BASIC.XNAS", "XBOS"]);
  expect(venueRows([quote(null, "1", "2")], 2)[0].name).toBe("Publisher 7");
});

test("the best bids and asks are marked, and prices have the same digits", () => {
  const rows = venueRows(
    [quote("a", "9.5", "10.25"), quote("b", "10", null), quote("c", "10", "11")],
    1,
  );
  expect(rows.map(({ bid }) => bid)).toEqual(["9.50", "10.00", "10.00"]);
  expect(rows.map(({ isBestBid }) => isBestBid)).toEqual([false, true, true]);
  expect(rows.map(({ isBestAsk }) => isBestAsk)).toEqual([true, false, false]);
  expect(rows[1]).toMatchObject({ ask: "", askSize: "", bidSize: "12.3K" });
  expect(venueRows([], 2)).toEqual([]);
});
