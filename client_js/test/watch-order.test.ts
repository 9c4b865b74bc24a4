import { expect, test } from "vitest";
import { SPARK_CANDLES } from "../src/app/closes";
import { SymbolStates } from "../src/app/symbols";
import { compare, nextOrder, readOrder, writeOrder } from "../src/app/watch-order";

const QUARTER = 15 * 60_000;

function market(): SymbolStates {
  const states = new SymbolStates();
  states.setInstruments(
    ["B", "A", "C", "D"].map((symbol, index) => ({
      symbol,
      feed: 1,
      instrument_id: index,
      tick_size: "0.01",
      venue: null,
      time_zone: null,
    })),
  );
  states.setDay("A", { reference: "100", last: "111", volume: 5 });
  states.setDay("B", { reference: "9", last: "9.9", volume: 700 });
  states.setDay("C", { reference: "50", last: "45", volume: 60 });
  return states;
}

function ordered(by: string): string {
  const states = [...market().symbols.values()];
  return states
    .sort((a, b) => compare(a, b, readOrder(by)))
    .map(({ symbol }) => symbol)
    .join("");
}

test("symbols of several feeds are in the order of their names, not of their feeds", () => {
  const states = new SymbolStates();
  const about = { instrument_id: 1, tick_size: "0.01" };
  for (const [feed, symbols] of [
    [1, ["ES", "AA"]],
    [2, ["2/ES", "2/AA"]],
  ] as const) {
    const known = [...states.symbols.keys()].map((symbol) => ({ symbol, feed: 1, ...about }));
    states.setInstruments([...known, ...symbols.map((symbol) => ({ symbol, feed, ...about }))]);
  }
  const sorted = [...states.symbols.values()].sort((a, b) => compare(a, b, readOrder("symbol up")));
  expect(sorted.map(({ symbol }) => symbol)).toEqual(["AA", "2/AA", "ES", "2/ES"]);
});

test("rows are in the order of a column, and those without its figure come last", () => {
  expect(ordered("symbol up")).toBe("ABCD");
  expect(ordered("symbol down")).toBe("DCBA");
  expect(ordered("last up")).toBe("BCAD");
  expect(ordered("last down")).toBe("ACBD");
  expect(ordered("change down")).toBe("ABCD");
  expect(ordered("change up")).toBe("CBAD");
  expect(ordered("volume down")).toBe("BCAD");
});

test("a click sorts names upwards and figures downwards first, and a second one turns it", () => {
  const first = nextOrder(readOrder(null), "change");
  expect(first).toEqual({ by: "change", descending: true });
  expect(nextOrder(first, "change")).toEqual({ by: "change", descending: false });
  expect(nextOrder(first, "symbol")).toEqual({ by: "symbol", descending: false });
});

test("an order is kept as text, and text that is none is the first order", () => {
  for (const text of ["symbol up", "last down", "volume up"]) {
    expect(writeOrder(readOrder(text))).toBe(text);
  }
  for (const text of [null, "", "toString up", "nonsense"]) {
    expect(readOrder(text)).toEqual({ by: "symbol", descending: false });
  }
});

test("a sparkline follows trades: within a quarter of an hour they move its end", () => {
  const { closes } = market().symbols.get("A") ?? {};
  if (closes === undefined) throw new Error("no A");
  expect(closes.path(40, 16)).toBe("");
  closes.reset(Array.from({ length: 50 }, (_, index) => [index * QUARTER, index]));
  expect(closes.prices).toHaveLength(SPARK_CANDLES);
  closes.add(49 * QUARTER + 5, 7);
  closes.add(10 * QUARTER, 99);
  expect(closes.prices.at(-1)).toBe(7);
  closes.add(50 * QUARTER, 8);
  expect(closes.prices.slice(-2)).toEqual([7, 8]);
  expect(closes.path(40, 16)).toMatch(/^M1\.0 [\d.]+(L[\d.]+ [\d.]+){31}$/);
});

test("a flat sparkline lies in the middle", () => {
  const closes = market().symbols.get("B")?.closes;
  closes?.reset([
    [0, 5],
    [QUARTER, 5],
  ]);
  expect(closes?.path(10, 10)).toBe("M1.0 5.0L9.0 5.0");
});
