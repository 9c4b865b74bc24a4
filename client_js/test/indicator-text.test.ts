import { expect, test } from "vitest";
import { readIndicators, writeIndicators } from "../src/app/indicator-text";
import { resolve } from "../src/compute/params";
import { INDICATORS } from "../src/compute/registry";
import { required } from "./bars";

function again(text: string): string {
  const { found, faults } = readIndicators(text);
  expect(faults).toEqual([]);
  return writeIndicators(found.map(({ name, params }) => resolve(name, params)));
}

test("every indicator is read back as it was written", () => {
  for (const name of Object.keys(INDICATORS)) {
    const text = writeIndicators([resolve(name, required(name))]);
    expect(again(text)).toBe(text);
  }
});

test("missing numbers take their defaults, and the source may stand last", () => {
  expect(again("ema")).toBe(writeIndicators([resolve("ema")]));
  expect(again(" EMA( 50 , open ) ,rsi(7)")).toContain("ema(50,open),rsi(7");
  expect(readIndicators("")).toEqual({ found: [], faults: [] });
});

test("the other symbol of a pair stands last, and may look like a number", () => {
  const read = (text: string) => readIndicators(text).found[0]?.params;
  expect(read("correlation(50,open,EUR/USD)")).toEqual({
    period: 50,
    source: "open",
    symbol: "EUR/USD",
  });
  expect(read("correlation(7203)")).toBeUndefined();
  expect(read("correlation(20,7203)")).toEqual({ period: 20, symbol: "7203" });
  expect(read("correlation(NQU4)")).toEqual({ symbol: "NQU4" });
  expect(again("correlation(NQU4,9)")).toBe("correlation(9,close,NQU4)");
  expect(again("correlation(20,close,BRK.B USD:X),ema(9)")).toContain("BRK.B USD:X),ema(9,");
});

test.each([
  "nosuch(3)",
  "correlation(20)",
  "correlation(20,A,B)",
  "ema(0)",
  "ema(x)",
  "ema(20,30,40)",
  "rsi(14,nowhere)",
])("%s is left out and told, and its neighbours stay", (bad) => {
  const { found, faults } = readIndicators(`ema(20),${bad},rsi(14)`);
  expect(found.map(({ name }) => name)).toEqual(["ema", "rsi"]);
  expect(faults).toHaveLength(1);
  expect(faults[0]).toContain(bad);
});
