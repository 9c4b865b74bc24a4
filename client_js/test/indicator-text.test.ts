import { expect, test } from "vitest";
import { readIndicators, writeIndicators } from "../src/app/indicator-text";
import { resolve } from "../src/compute/params";
import { INDICATORS } from "../src/compute/registry";

function again(text: string): string {
  const { found, faults } = readIndicators(text);
  expect(faults).toEqual([]);
  return writeIndicators(found.map(({ name, params }) => resolve(name, params)));
}

test("every indicator is read back as it was written", () => {
  for (const name of Object.keys(INDICATORS)) {
    const text = writeIndicators([resolve(name)]);
    expect(again(text)).toBe(text);
  }
});

test("missing numbers take their defaults, and the source may stand last", () => {
  expect(again("ema")).toBe(writeIndicators([resolve("ema")]));
  expect(again(" EMA( 50 , open ) ,rsi(7)")).toContain("ema(50,open),rsi(7");
  expect(readIndicators("")).toEqual({ found: [], faults: [] });
});

test.each(["nosuch(3)", "ema(0)", "ema(x)", "ema(20,30,40)", "rsi(14,nowhere)"])(
  "%s is left out and told, and its neighbours stay",
  (bad) => {
    const { found, faults } = readIndicators(`ema(20),${bad},rsi(14)`);
    expect(found.map(({ name }) => name)).toEqual(["ema", "rsi"]);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(bad);
  },
);
