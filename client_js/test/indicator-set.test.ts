import { expect, test } from "vitest";
import { IndicatorSet } from "../src/app/indicator-set";
import { PRICE_PANE } from "../src/chart/series";
import { INDICATORS } from "../src/compute/registry";
import { COLORS } from "../src/indicators/colors";
import { seriesOf } from "../src/indicators/series";
import { required } from "./bars";

test("what is chosen is kept and read again", () => {
  const set = new IndicatorSet();
  set.add("ema", { period: 9, source: "open" });
  set.add("macd", { fast: 5 }, "#123456");
  set.add("obv");
  set.add("correlation", { symbol: "EUR/USD" });
  const read = new IndicatorSet();
  read.read(set.write());
  const plain = (each: IndicatorSet) => each.all.map(({ resolved, color }) => [resolved, color]);
  expect(plain(read)).toEqual(plain(set));
});

test("what is not known any more is left out, and the rest is kept", () => {
  const set = new IndicatorSet();
  const good = { name: "rsi", params: { period: 7 }, color: "#ffffff" };
  const others = [
    { name: "gone", params: {}, color: "#ffffff" },
    { name: "ema", params: { period: -1 }, color: "#ffffff" },
    { name: "ema", params: { length: 3 }, color: "#ffffff" },
    { name: "ema", params: {}, color: "red" },
    { name: "ema", params: {} },
    null,
    7,
    "ema",
  ];
  set.read(JSON.stringify([...others, good]));
  expect(set.all.map(({ resolved }) => resolved.name)).toEqual(["rsi"]);
  for (const text of [null, "", "{", "{}", "7", '"ema"', "null"]) set.read(text);
  expect(set.all.length).toBe(1);
});

test("colours are taken in turn, and free again when an indicator goes", () => {
  const set = new IndicatorSet();
  const first = set.add("ema");
  expect([first.color, set.add("ema").color]).toEqual([COLORS[0], COLORS[1]]);
  set.remove(first.id);
  expect(set.add("sma").color).toBe(COLORS[0]);
  for (let i = 0; i < 20; i++) expect(COLORS).toContain(set.add("sma").color);
});

test("an id is the same at the next visit, whatever was removed before", () => {
  const set = new IndicatorSet();
  const removed = set.add("rsi");
  set.add("macd");
  set.remove(removed.id);
  set.add("rsi");
  set.add("rsi");
  const next = new IndicatorSet();
  next.read(set.write());
  expect(set.all.map(({ id }) => id)).toEqual(["macd-1", "rsi-1", "rsi-2"]);
  expect(next.all).toEqual(set.all);
});

test("a change that cannot be leaves the choice as it was", () => {
  const set = new IndicatorSet();
  const { id } = set.add("ema");
  expect(() => set.change(id, { period: 0 }, "#ffffff")).toThrow("period is a whole number");
  expect(set.all[0].resolved.numbers).toEqual({ period: 20 });
  expect(set.change(id, { period: 5 }, "#ffffff")?.resolved.numbers).toEqual({ period: 5 });
  expect(set.change("none", {}, "#ffffff")).toBeNull();
});

test.each(Object.keys(INDICATORS))("%s can be drawn before there are results", (name) => {
  const choice = new IndicatorSet();
  const series = seriesOf(choice.add(name, required(name)), null);
  expect(series.plots.length).toBeGreaterThan(0);
  expect(series.plots.every(({ values }) => values.length === series.time.length)).toBe(true);
  expect(series.plots.every(({ color }) => /^#[0-9a-f]{6}$/.test(color))).toBe(true);
  const { pane } = INDICATORS[name as keyof typeof INDICATORS];
  expect(series.pane === PRICE_PANE).toBe(pane === "overlay");
  for (const index of series.fill ?? []) expect(series.plots[index]).toBeDefined();
});
