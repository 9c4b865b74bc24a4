import { expect, test } from "vitest";
import { SIGNATURES } from "../src/compute/generated/bindings";
import { IndicatorError, resolve, titleOf } from "../src/compute/params";
import {
  INDICATORS,
  type IndicatorName,
  NOT_INDICATORS,
  SOURCES,
  specOf,
} from "../src/compute/registry";
import { required } from "./bars";

const names = Object.keys(INDICATORS) as IndicatorName[];

test("every kernel is an indicator, or said to be none", () => {
  expect([...names, ...NOT_INDICATORS].sort()).toEqual(Object.keys(SIGNATURES).sort());
});

test.each(names)("%s has the parameters and outputs of its kernel", (name) => {
  const spec = specOf(name);
  const { parameters } = SIGNATURES[name];
  const of = (...kinds: string[]) =>
    parameters.filter(([, kind]) => kinds.includes(kind)).map(([parameter]) => parameter);
  expect(Object.keys(spec.params)).toEqual(of("int", "float", "long"));
  expect(Object.keys(spec.outputs)).toEqual(of("out"));
  for (const [parameter, kind] of parameters) {
    const number = spec.params[parameter];
    if (kind === "int") expect([number.whole, number.ns]).toEqual([true, undefined]);
    if (kind === "long") expect([number.whole, typeof number.ns]).toEqual([true, "bigint"]);
  }
  const inputs = of("in", "longIn");
  const priced = inputs.some((input) => input === "src" || input === "price");
  expect(spec.source !== undefined).toBe(priced || spec.other !== undefined);
  if (spec.other !== undefined) expect([spec.other, "y"].sort()).toEqual(inputs);
  const columns = ["ts", "open", "high", "low", "close", "volume", "src", "price", "x", "y"];
  expect(inputs.filter((input) => !columns.includes(input))).toEqual([]);
  for (const each of spec.fill ?? []) expect(Object.keys(spec.outputs)).toContain(each);
  for (const { breaks } of Object.values(spec.outputs)) {
    if (breaks !== undefined) expect(Object.keys(spec.outputs)).toContain(breaks);
  }
  expect(resolve(name, required(name)).name).toBe(name);
});

test("what is not given has its default", () => {
  expect(resolve("macd", { fast: 5 })).toEqual({
    name: "macd",
    numbers: { fast: 5, slow: 26, signal: 9 },
    source: "close",
    symbol: null,
  });
  expect(resolve("rsi").numbers).toEqual({ period: 14 });
  expect(resolve("atr").source).toBeNull();
});

test.each([
  ["emma", {}, 'there is no indicator "emma"; there are sma, ema, '],
  ["toString", {}, 'there is no indicator "toString"'],
  ["ema", { length: 3 }, 'ema has no parameter "length"; it takes period, source'],
  ["obv", { period: 3 }, 'obv has no parameter "period"; it takes none'],
  ["ema", { period: 0 }, "ema: period is a whole number from 1 to 10000, not 0"],
  ["ema", { period: 2.5 }, "ema: period is a whole number from 1 to 10000, not 2.5"],
  ["ema", { period: "9" }, 'ema: period is a whole number from 1 to 10000, not "9"'],
  ["bollinger", { width: Number.NaN }, "bollinger: width is a number from 0 to 100, not NaN"],
  ["ema", { source: "last" }, `ema: source is one of ${SOURCES.join(", ")}, not "last"`],
  ["correlation", {}, "correlation: symbol is the name of the other symbol, not undefined"],
  ["correlation", { symbol: "" }, 'symbol is the name of the other symbol, not ""'],
  ["correlation", { symbol: "A", period: 1 }, "correlation: period is a whole number from 2"],
  ["correlation", { beta: 1 }, 'no parameter "beta"; it takes period, source, symbol'],
  ["ema", { symbol: "A" }, 'ema has no parameter "symbol"; it takes period, source'],
  ["atr", { source: "open" }, 'atr has no parameter "source"; it takes period'],
])("%s with %j is refused in one sentence", (name, given, sentence) => {
  expect(() => resolve(name, given)).toThrow(IndicatorError);
  expect(() => resolve(name, given)).toThrow(sentence);
});

test("a title tells what differs", () => {
  expect(titleOf(resolve("ema"))).toBe("EMA 20");
  expect(titleOf(resolve("ema", { period: 9, source: "open" }))).toBe("EMA 9 open");
  expect(titleOf(resolve("bollinger", { width: 2.5 }))).toBe("BB 20 2.5");
  expect(titleOf(resolve("vwap"))).toBe("VWAP");
  expect(titleOf(resolve("vwap", { sessionNs: 60 }))).toBe("VWAP 60");
  const pair = resolve("correlation", { symbol: "EUR/USD", period: 50, source: "open" });
  expect(titleOf(pair)).toBe("Correlation EUR/USD 50 open");
});
