import { describe, expect, it } from "vitest";
import { markerOf, SignalMarkers } from "../src/app/signal-markers";
import { groupMarkers, type Marker } from "../src/chart/markers";
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
    time: Float64Array.from(times),
    lastAt: (time: number) => times.findLastIndex((each) => each <= time),
  };
}

const marker = (time: number, side: Marker["side"] = "above"): Marker => ({
  time,
  side,
  tone: "alert",
  glyph: "!",
  text: `${time}`,
});

describe("markerOf", () => {
  it("puts an anomaly over the candle of its tick, on any interval", () => {
    for (const interval of ["1s", "1h"]) {
      const made = markerOf(anomaly("a", 5 * MINUTE), interval);
      expect(made).toMatchObject({ time: 5 * MINUTE, side: "above", tone: "alert" });
      expect(made?.text).toContain("Unusual volume");
    }
  });

  it("puts an anomaly of a minute at that minute", () => {
    const of = { ...anomaly("a", 5 * MINUTE), interval: "1m" } as SignalEvent;
    expect(markerOf(of, "1m")?.time).toBe(5 * MINUTE - 1);
  });

  it("puts a pattern at the candle that ended with it, on the side it comes from", () => {
    const up = markerOf(pattern("p", 5 * MINUTE, "up"), "1m");
    expect(up).toMatchObject({ time: 5 * MINUTE - 1, side: "below", tone: "up" });
    const down = markerOf(pattern("p", 5 * MINUTE, "down"), "1m");
    expect(down).toMatchObject({ side: "above", tone: "down" });
    expect(down?.text).toContain("Double top");
    expect(markerOf(pattern("p", 5 * MINUTE, "none"), "1m")?.tone).toBe("flat");
  });

  it("shows a pattern on candles of its own interval only", () => {
    expect(markerOf(pattern("p", 5 * MINUTE, "up", "5m"), "1m")).toBeNull();
  });
});

describe("SignalMarkers", () => {
  it("keeps each signal once, the newest of them, and nothing of another symbol", () => {
    const markers = new SignalMarkers();
    markers.reset([anomaly("a", 1), anomaly("b", 2)]);
    markers.push(anomaly("b", 2));
    expect(markers.on("1m").map(({ time }) => time)).toEqual([1, 2]);
    for (let k = 0; k < 600; k++) markers.push(anomaly(`n${k}`, k));
    expect(markers.on("1m")).toHaveLength(500);
    markers.reset();
    expect(markers.on("1m")).toEqual([]);
  });
});

describe("groupMarkers", () => {
  it("groups by candle and side", () => {
    const groups = groupMarkers(
      [marker(MINUTE), marker(2 * MINUTE - 1), marker(MINUTE + 5, "below"), marker(2 * MINUTE)],
      store(0, MINUTE, 2 * MINUTE),
      MINUTE,
    );
    expect(groups.map(({ index, side, markers }) => [index, side, markers.length])).toEqual([
      [1, "above", 2],
      [1, "below", 1],
      [2, "above", 1],
    ]);
  });

  it("leaves out what lies before, after or between the candles", () => {
    const held = store(MINUTE, 5 * MINUTE);
    expect(groupMarkers([marker(0), marker(3 * MINUTE), marker(9 * MINUTE)], held, MINUTE)).toEqual(
      [],
    );
    expect(groupMarkers([marker(0)], store(), MINUTE)).toEqual([]);
  });
});
