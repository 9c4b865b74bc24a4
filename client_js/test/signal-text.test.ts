import { expect, test } from "vitest";
import { explain, title, trend } from "../src/app/signal-text";
import type { SignalEvent } from "../src/feed/signals";

const said = { id: "1-0", symbol: "ESU4", timestamp: 1719840600000, model: "signals/1" };

const direction = {
  event: "signal",
  kind: "direction",
  says: "no edge",
  probability: 0.513,
  base_rate: 0.496,
  n: 1733,
  interval: [0.492, 0.539],
  expected_net_bp: -0.82,
  cost_bp: 1,
  horizon: "5m",
  ...said,
} as SignalEvent;

test("an outlook is told with everything that is needed to doubt it", () => {
  const text = explain(direction);
  for (const part of ["51.3 %", "49.6 %", "49.2 % to 53.9 %", "1,733", "lost 0.82 bp", "No edge"]) {
    expect(text).toContain(part);
  }
  expect(title(direction)).toBe("No edge, next 5m");
  expect(trend(direction)).toBe("flat");
  const made = explain({ ...direction, origin: "simulated" } as SignalEvent);
  expect(made).toContain("No edge: the market is simulated");
  const clear = { ...direction, says: "down", probability: 0.4 } as SignalEvent;
  expect([title(clear), trend(clear)]).toEqual(["Leans down, next 5m", "down"]);
  const slight = { ...direction, says: "up", probability: 0.507 } as SignalEvent;
  expect([title(slight), trend(slight)]).toEqual(["Slightly up, next 5m", "flat"]);
});

test("a rule is told in its own words", () => {
  const rule = {
    event: "signal",
    kind: "rule",
    name: "oversold",
    when: "rsi(14) < 30",
    interval: "1m",
    values: { "rsi(14)": 27.4 },
    ...said,
  } as SignalEvent;
  expect(title(rule)).toBe("oversold");
  expect(explain(rule)).toContain("rsi(14) = 27.4");
});

test("patterns say what they are", () => {
  for (const [given, side, to] of [
    ["bullish", "bullish", "up"],
    [-100, "bearish", "down"],
    ["down", "bearish", "down"],
    [0, "neutral", "flat"],
  ] as const) {
    const pattern = {
      event: "pattern",
      name: "double_top",
      interval: "1m",
      direction: given,
      quality: 0.8,
      ...said,
    } as SignalEvent;
    expect(title(pattern)).toBe("Double top · 1m");
    expect(explain(pattern)).toContain(side);
    expect(trend(pattern)).toBe(to);
  }
});

const anomaly = {
  event: "anomaly",
  feature: "volume",
  score: 1.62,
  z: 12.3,
  context: 14.1,
  value: 66050,
  expected: 96.4,
  unit: "",
  features: { return: 0.4, volume: 12.3, spread: -0.2, inter_arrival: -1.9 },
  text: "volume 6.605e+04, usually 96.4: 12.3 deviations",
  ...said,
};

test.each([
  ["volume", 66050, 96.4, "A trade of 66,050, where about 96.4 is usual. That is 685 times"],
  ["return", -12.5, 0.1, "The price fell by 0.13 % from one trade"],
  ["return", 3, 0, "The price rose by 0.03 %"],
  ["spread", 5.2, 1.1, "0.052 % of the price apart; 0.011 % is usual"],
  ["inter_arrival", 0.0031, 0.9, "Trades came every 3 ms; every 0.9 s is usual"],
])("an anomaly of %s is told in numbers as people say them", (feature, value, expected, text) => {
  const given = { ...anomaly, feature, value, expected } as SignalEvent;
  expect(explain(given)).toContain(text);
  expect(explain(given)).toContain("12.3 standard deviations from usual, 1.6 times");
  expect(explain(given)).not.toMatch(/e\+|undefined|NaN|unit|inter_arrival/);
});

test("a rare combination names its most unusual figure", () => {
  const text = explain({ ...anomaly, feature: "context" } as SignalEvent);
  expect(text).toContain("Unusual combination");
  expect(text).toContain("The most unusual: A trade of 66,050");
});

test("an anomaly of a minute names what was far from usual, farthest first", () => {
  const features = { return: -3.1, gap: 0.2, range: 8.4, volume: 1.2 };
  const minute = { ...said, event: "anomaly", feature: "range", score: 1.2, z: 8.4, features };
  const text = explain({ ...minute, interval: "1m" } as unknown as SignalEvent);
  expect(text).toContain("price range far above usual, price change far below usual.");
});

test("an anomaly with nothing but its score is told without a hole", () => {
  const bare = { event: "anomaly", feature: "inter_arrival", score: 7.25, ...said } as SignalEvent;
  expect(title(bare)).toBe("Unusual pace of trades");
  expect(explain(bare)).toContain("7.3 times what raises an alarm");
  expect(explain(bare)).not.toMatch(/undefined|null|NaN/);
});
