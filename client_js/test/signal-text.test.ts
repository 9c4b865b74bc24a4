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
  for (const part of ["51.3 %", "49.6 %", "49.2 % to 53.9 %", "1,733", "-0.82 bp", "no edge"]) {
    expect(text).toContain(part);
  }
  expect(title(direction)).toBe("no edge, next 5m");
  expect(trend(direction)).toBe("flat");
  expect(trend({ ...direction, says: "down" } as SignalEvent)).toBe("down");
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

test("anomalies and patterns say what they are", () => {
  const anomaly = {
    event: "anomaly",
    feature: "inter_arrival",
    score: 7.25,
    ...said,
  } as SignalEvent;
  expect(title(anomaly)).toBe("Unusual inter arrival");
  expect(explain(anomaly)).toContain("7.25");
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
