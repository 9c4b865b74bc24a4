import { describe, expect, it } from "vitest";
import { flagOf, SignalFlags } from "../src/app/signal-flags";
import { type Flag, groupFlags } from "../src/chart/flags";
import type { SignalEvent } from "../src/feed/signals";

const MINUTE = 60_000;

function anomaly(id: string, timestamp: number): SignalEvent {
  return {
    event: "anomaly",
    id,
    symbol: "ACME",
    timestamp,
    model: "anomaly/1",
    feature: "volume",
    score: 2,
    text: "volume 1e+06, usually 100: 20 deviations",
  };
}

function pattern(id: string, timestamp: number, direction: string, interval = "1m"): SignalEvent {
  return {
    event: "pattern",
    id,
    symbol: "ACME",
    timestamp,
    model: "patterns/1",
    name: "double_top",
    interval,
    direction,
    quality: 0.8,
  };
}

function store(...times: number[]) {
  return {
    count: times.length,
    time: Float64Array.from(times),
    lowerBound: (time: number) => {
      const at = times.findIndex((each) => each >= time);
      return at < 0 ? times.length : at;
    },
  };
}

const flag = (time: number, side: Flag["side"] = "above"): Flag => ({
  time,
  side,
  tone: "alert",
  glyph: "!",
  text: `${time}`,
});

describe("flagOf", () => {
  it("puts an anomaly over the candle of its tick, on any interval", () => {
    for (const interval of ["1s", "1h"]) {
      const made = flagOf(anomaly("a", 5 * MINUTE), interval);
      expect(made).toMatchObject({ time: 5 * MINUTE, side: "above", tone: "alert" });
      expect(made?.text).toContain("usually 100");
    }
  });

  it("puts an anomaly of a minute at that minute", () => {
    const of = { ...anomaly("a", 5 * MINUTE), interval: "1m" } as SignalEvent;
    expect(flagOf(of, "1m")?.time).toBe(5 * MINUTE - 1);
  });

  it("puts a pattern at the candle that ended with it, on the side it comes from", () => {
    const up = flagOf(pattern("p", 5 * MINUTE, "up"), "1m");
    expect(up).toMatchObject({ time: 5 * MINUTE - 1, side: "below", tone: "up" });
    const down = flagOf(pattern("p", 5 * MINUTE, "down"), "1m");
    expect(down).toMatchObject({ side: "above", tone: "down" });
    expect(down?.text).toContain("Double top");
    expect(flagOf(pattern("p", 5 * MINUTE, "none"), "1m")?.tone).toBe("flat");
  });

  it("shows a pattern on candles of its own interval only", () => {
    expect(flagOf(pattern("p", 5 * MINUTE, "up", "5m"), "1m")).toBeNull();
  });
});

describe("SignalFlags", () => {
  it("keeps each signal once, the newest of them, and nothing of another symbol", () => {
    const flags = new SignalFlags();
    flags.reset([anomaly("a", 1), anomaly("b", 2)]);
    flags.push(anomaly("b", 2));
    expect(flags.on("1m").map(({ time }) => time)).toEqual([1, 2]);
    for (let k = 0; k < 600; k++) flags.push(anomaly(`n${k}`, k));
    expect(flags.on("1m")).toHaveLength(500);
    flags.reset();
    expect(flags.on("1m")).toEqual([]);
  });
});

describe("groupFlags", () => {
  it("groups by candle and side", () => {
    const groups = groupFlags(
      [flag(MINUTE), flag(2 * MINUTE - 1), flag(MINUTE + 5, "below"), flag(2 * MINUTE)],
      store(0, MINUTE, 2 * MINUTE),
      MINUTE,
    );
    expect(groups.map(({ index, side, flags }) => [index, side, flags.length])).toEqual([
      [1, "above", 2],
      [1, "below", 1],
      [2, "above", 1],
    ]);
  });

  it("leaves out what lies before, after or between the candles", () => {
    const held = store(MINUTE, 5 * MINUTE);
    expect(groupFlags([flag(0), flag(3 * MINUTE), flag(9 * MINUTE)], held, MINUTE)).toEqual([]);
    expect(groupFlags([flag(0)], store(), MINUTE)).toEqual([]);
  });
});
