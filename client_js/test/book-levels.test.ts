import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bookNote, ladderRows, spokenRow, spreadOf } from "../src/app/book-levels";
import type { Book, BookLevel } from "../src/feed/payloads";

const BLANK = { publishers: [1], unsynced: false, crossed: false, timestamp: 0, ts_event: "0" };

function book(bids: BookLevel[], asks: BookLevel[], more: Partial<Book> = {}): Book {
  return { symbol: "AAA", bids, asks, ...BLANK, ...more };
}

describe("the ladder", () => {
  it("has a row for each level of the deeper side", () => {
    const rows = ladderRows(
      book(
        [["99.5", 12_345, 3]],
        [
          ["100", 5, 0],
          ["101", 7, 1],
        ],
      ),
      2,
    );
    expect(rows).toHaveLength(2);
    expect(rows[0]?.bid).toEqual({
      price: "99.50",
      size: "12.3K",
      exactSize: 12_345,
      orders: "3",
      share: 1,
    });
    expect(rows[0]?.ask?.orders).toBe("");
    expect(rows[1]?.bid).toBeNull();
    expect(rows[1]?.ask?.price).toBe("101.00");
  });

  it("has as many decimals as its finest price", () => {
    const [row] = ladderRows(book([["99.5", 1, 1]], [["100", 1, 1]]), 0);
    expect([row?.bid?.price, row?.ask?.price]).toEqual(["99.5", "100.0"]);
  });

  it("is spoken with exact sizes", () => {
    const [row] = ladderRows(book([["99.5", 12_345, 3]], []), 1);
    if (row === undefined) throw new Error("no row");
    expect(spokenRow(row, 1)).toBe("Level 1: bid 99.5, 12345 in 3 orders; no ask");
  });

  it("has bars from nothing to the whole width", () => {
    const level = fc.tuple(fc.constant("1"), fc.nat(), fc.nat()) as fc.Arbitrary<BookLevel>;
    const side = fc.array(level, { maxLength: 10 });
    fc.assert(
      fc.property(side, side, (bids, asks) => {
        for (const { bid, ask } of ladderRows(book(bids, asks), 0)) {
          for (const { share } of [bid, ask].filter((each) => each !== null)) {
            expect(share).toBeGreaterThanOrEqual(0);
            expect(share).toBeLessThanOrEqual(1);
          }
        }
      }),
    );
  });
});

describe("a book", () => {
  it("has an exact spread", () => {
    expect(spreadOf(book([["0.1", 1, 1]], [["0.30", 1, 1]]), 2)).toBe("0.20");
    expect(spreadOf(book([["101", 1, 1]], [["100.5", 1, 1]]), 0)).toBe("-0.5");
    expect(spreadOf(book([], [["100.5", 1, 1]]), 0)).toBeNull();
  });

  it("tells what is to be known of its state", () => {
    expect(bookNote(book([], []))).toBe("");
    expect(bookNote(book([], [], { crossed: true }))).toContain("cross");
    expect(bookNote(book([], [], { crossed: true, unsynced: true }))).toContain("missing");
  });
});
