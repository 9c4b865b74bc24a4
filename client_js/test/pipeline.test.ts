import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { HealthReport, ProcessReport, Trace } from "../src/feed/payloads";
import { STAMPS } from "../src/feed/payloads";
import type { TraceSample } from "../src/feed/trace";
import { latency } from "../src/format/time";
import { changesOf, Health, stateText } from "../src/pipeline/health";
import { type Journey, journeyOf } from "../src/pipeline/journey";
import { LastHops } from "../src/pipeline/last-hops";
import { LastMinute } from "../src/pipeline/last-minute";
import { layOut, lengthOf, pathOf, pointAt } from "../src/pipeline/layout";
import { Motion, slowdownFor } from "../src/pipeline/motion";
import { NODES } from "../src/pipeline/stages";
import { PipelineState } from "../src/pipeline/state";
import { runsOf } from "../src/pipeline/view/sparkline";

const START = 1_700_000_000_000;
const EPOCH = "0123456789abcdef";

const ns = (ms: number) => `${BigInt(Math.round(ms * 1000)) * 1000n}`;
const id = (position: number) => `${EPOCH}-${position.toString(36)}`;

interface Made {
  symbol?: string;
  position?: number;
  /** ms from the first stamp to the next ones and to the arrival. */
  steps?: number[];
  venue?: number;
  offset?: number;
}

/** A trace of a trade that arrived; the server's clock is ahead by `offset`. */
function sampleOf(made: Made = {}): TraceSample {
  const { symbol = "ESU4", position = 7, offset = 0, venue = 5 } = made;
  const { steps = [0.1, 0.05, 1, 0.2, 0.05, 2] } = made;
  const at = [START + offset];
  for (const step of steps) at.push(at[at.length - 1] + step);
  const stamps = Object.fromEntries(STAMPS.map((name, index) => [name, ns(at[index])]));
  const trace = {
    symbol,
    id: id(position),
    price: "5524.25",
    volume: 3,
    ticks_per_s: 9,
    clients: 1,
  };
  return {
    trace: { ...trace, ...stamps, ts_event: ns(START + offset - venue) } as Trace,
    at,
    steps,
    total: at[at.length - 1] - at[0],
    offset,
    offsetError: 0.2,
  };
}

describe("a latency as text", () => {
  test.each([
    [0, "< 1 µs"],
    [0.0004, "< 1 µs"],
    [0.0042, "4.2 µs"],
    [0.00999, "10 µs"],
    [0.42, "420 µs"],
    [0.9994, "999 µs"],
    [0.9996, "1.00 ms"],
    [12.34, "12.3 ms"],
    [420, "420 ms"],
    [1234, "1.23 s"],
  ])("%s ms is %s", (ms, text) => expect(latency(ms)).toBe(text));

  test("is never zero", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e5, noNaN: true }), (ms) => {
        expect(latency(ms)).not.toMatch(/^0(\.0*)? /);
      }),
    );
  });
});

test("quantiles of the last minute are those of sorting them all", () => {
  const samples = fc.array(fc.tuple(fc.nat(9000), fc.double({ min: 0, max: 1e4, noNaN: true })));
  fc.assert(
    fc.property(samples, (steps) => {
      const recent = new LastMinute();
      let now = 0;
      const all = steps.map(([step, value]) => {
        now += step;
        recent.add(now, value);
        return { at: now, value };
      });
      const young = all.filter(({ at }) => at > now - 60_000).map(({ value }) => value);
      young.sort((a, b) => a - b);
      const share = (part: number) => young[Math.ceil(part * young.length) - 1];
      expect(recent.quantiles(now)).toEqual(
        young.length === 0 ? null : { p50: share(0.5), p99: share(0.99), count: young.length },
      );
    }),
  );
});

test("a sparkline has a point for each two seconds, and none where nothing was measured", () => {
  const recent = new LastMinute();
  recent.add(0, 4);
  recent.add(500, 6);
  recent.add(59_000, 1);
  const points = recent.points(59_500);
  expect([points[0], points[1], points[29]]).toEqual([5, null, 1]);
  expect(runsOf(points)).toHaveLength(2);
});

test("a journey has every hop in its order, and ends on the screen", () => {
  const sample = sampleOf({ offset: 3_600_000 });
  const arrived = START + 3.4;
  const last = { arrived, stored: arrived + 0.1, computed: arrived + 2, presented: arrived + 9 };
  const { legs, total, isPresented } = journeyOf(sample, last);
  const names = ["venue", "parse", "write", "read", "encode", "send"];
  expect(legs.map(({ hop }) => hop)).toEqual([...names, "network", "fold", "compute", "present"]);
  expect(legs.map(({ took }) => Math.round(took * 100) / 100)).toEqual([
    5, 0.1, 0.05, 1, 0.2, 0.05, 2, 0.1, 1.9, 7,
  ]);
  expect(total).toBeCloseTo(12.4, 2);
  expect(isPresented).toBe(true);
});

test("the age of a recording's ticks is no hop", () => {
  const sample = sampleOf({ venue: 4e9 });
  const last = { arrived: START + 3.4, stored: null, computed: null, presented: null };
  expect(journeyOf(sample, last).legs[0].hop).toBe("parse");
});

describe("the last hops", () => {
  function hops(): { hops: LastHops; journeys: Journey[] } {
    const journeys: Journey[] = [];
    const made = new LastHops((journey) => journeys.push(journey));
    made.symbol = "ESU4";
    return { hops: made, journeys };
  }
  const took = ({ legs }: Journey, hop: string) => legs.find((leg) => leg.hop === hop)?.took;

  test("are those of the first candle and frame that include the tick", () => {
    const { hops: last, journeys } = hops();
    last.folded("ESU4", id(6), START + 3);
    last.presented("chart", START + 3.1, START + 3.2);
    last.tick(id(7), START + 3.4, START + 3.5);
    last.trace(sampleOf(), START + 3.45);
    last.folded("NQU4", id(9), START + 3.5);
    expect(journeys).toEqual([]);
    last.folded("ESU4", id(9), START + 4);
    last.presented("lists", START + 5, START + 6);
    expect(journeys).toEqual([]);
    last.presented("chart", START + 8, START + 11.5);
    expect(journeys).toHaveLength(1);
    expect(took(journeys[0], "fold")).toBeCloseTo(0.6, 2);
    expect(took(journeys[0], "present")).toBeCloseTo(7.5, 2);
  });

  test("wait for the results of the worker where indicators are on", () => {
    const { hops: last, journeys } = hops();
    last.computes = true;
    last.trace(sampleOf(), START + 3.4);
    last.folded("ESU4", id(7), START + 4);
    last.presented("chart", START + 5, START + 6);
    last.computed(START + 7);
    last.presented("chart", START + 8, START + 9);
    expect(took(journeys[0], "compute")).toBeCloseTo(3, 2);
    expect(took(journeys[0], "present")).toBeCloseTo(2, 2);
  });

  test("of another symbol are those of the lists, where there are any", () => {
    const { hops: last, journeys } = hops();
    last.tick(id(7), START + 3.4, START + 3.5);
    last.trace(sampleOf({ symbol: "NQU4" }), START + 3.5);
    last.presented("lists", START + 20, START + 21);
    expect(journeys[0].isPresented).toBe(true);
    last.hasLists = false;
    last.tick(id(8), START + 30, START + 30.1);
    last.trace(sampleOf({ symbol: "NQU4", position: 8 }), START + 30.2);
    expect(journeys[1].legs.at(-1)?.hop).toBe("fold");
  });

  test("end after a while if nothing is drawn", () => {
    const { hops: last, journeys } = hops();
    last.trace(sampleOf(), START + 3.4);
    last.settle(START + 2900);
    expect(journeys).toEqual([]);
    last.settle(START + 3100);
    expect(journeys[0].isPresented).toBe(false);
  });
});

describe("the health of a node", () => {
  const row = (name: ProcessReport["name"], state: ProcessReport["state"]): ProcessReport => ({
    ...{ name, state, since: ns(START - 12_000), detail: "", rate: 5, backlog: 0 },
    ...{ estimated: false, figures: {} },
  });
  const report = (...processes: ProcessReport[]): HealthReport => {
    const none = { p50: 0, p99: 0, count: 0 };
    const names = ["parse", "write", "read", "encode", "send", "acknowledge"] as const;
    const hops = Object.fromEntries(names.map((name) => [name, none])) as HealthReport["hops"];
    return { now: ns(START), processes, hops };
  };
  function health(): Health {
    const made = new Health();
    made.connection({ state: "open" }, START - 60_000);
    made.take(report(row("ingest", "down"), row("redis", "up"), row("server", "up")), START);
    return made;
  }

  test("is its process's, in words", () => {
    const kernel = health().node("kernel", START);
    expect([kernel.state, stateText(kernel, START)]).toEqual(["down", "down for 12 s"]);
    expect(health().node("redis", START).state).toBe("up");
    expect(health().node("gpu", START).state).toBe("up");
    expect(health().node("feed", START).state).toBe("unknown");
  });

  test("is not known once the server is silent or away", () => {
    const silent = health();
    expect(silent.node("server", START + 3000).state).toBe("late");
    expect(silent.node("kernel", START + 3000).state).toBe("unknown");
    silent.connection({ state: "reconnecting", retryAt: 0, tries: 1 }, START + 4000);
    expect(silent.node("socket", START + 5000).state).toBe("down");
    expect(silent.node("server", START + 5000).state).toBe("down");
    expect(silent.node("redis", START + 5000).state).toBe("unknown");
    expect(silent.node("store", START + 5000).state).toBe("up");
  });

  test("is told when it goes down and when it is up again", () => {
    const now = (state: "up" | "down") =>
      new Map([["kernel", { ...health().node("kernel", START), state }]] as const);
    expect(changesOf(new Map([["kernel", "up"]]), now("down"), "utc")).toEqual([
      "Kernel is down since 22:13:08",
    ]);
    expect(changesOf(new Map([["kernel", "down"]]), now("up"), "utc")).toEqual([
      "Kernel is up again",
    ]);
    expect(changesOf(new Map(), now("down"), "utc")).toEqual([]);
  });
});

test("the state prefers the server's quantiles, over all its samples", () => {
  const state = new PipelineState();
  state.connection({ state: "open" }, START);
  state.lastHops.hasLists = false;
  state.lastHops.tick(id(7), START + 3.4, START + 3.5);
  state.trace(sampleOf(), START + 3.4);
  expect(state.latency(START + 10)).toBeCloseTo(3.4, 2);
  expect(state.quantiles("parse", START + 10)?.count).toBe(1);
  const many = { p50: 90_000, p99: 150_000, count: 800 };
  const hops = { parse: many, write: many, read: many, encode: many, send: many };
  state.report({ now: ns(START), processes: [], hops: { ...hops, acknowledge: many } }, START);
  expect(state.quantiles("parse", START + 10)).toEqual({ p50: 0.09, p99: 0.15, count: 800 });
  expect(state.quantiles("network", START + 10)?.p50).toBeCloseTo(2, 2);
  expect(state.journeys.size).toBe(1);
  expect(state.journeys.newest(0)).toMatchObject({ id: id(7), symbol: "ESU4" });
});

test("nodes lie inside the width, apart, and their ways join them", () => {
  fc.assert(
    fc.property(fc.integer({ min: 320, max: 2600 }), (width) => {
      const { boxes, ways, height } = layOut(width);
      expect(boxes).toHaveLength(NODES.length);
      for (const { x, y, width: wide, height: high } of boxes) {
        expect(x).toBeGreaterThanOrEqual(0);
        expect(x + wide).toBeLessThanOrEqual(width + 0.01);
        expect(wide).toBeGreaterThan(110);
        expect(y + high).toBeLessThanOrEqual(height);
      }
      ways.forEach((way, index) => {
        const touches = (box: (typeof boxes)[0], { x, y }: { x: number; y: number }) =>
          x >= box.x - 0.01 &&
          x <= box.x + box.width + 0.01 &&
          y >= box.y &&
          y <= box.y + box.height;
        expect(touches(boxes[index], way[0])).toBe(true);
        expect(touches(boxes[index + 1], way[way.length - 1])).toBe(true);
        expect(pointAt(way, 0)).toEqual(way[0]);
        const end = pointAt(way, 1);
        expect(Math.hypot(end.x - (way.at(-1)?.x ?? 0), end.y - (way.at(-1)?.y ?? 0))).toBeLessThan(
          0.01,
        );
        expect(lengthOf(way)).toBeGreaterThan(0);
        expect(pathOf(way)).toMatch(/^M[\d. ]+.*L[\d. ]+$/);
      });
    }),
  );
});

describe("dots", () => {
  const journey = (took: number): Journey => {
    const last = { arrived: START + 1, stored: START + 1.1, computed: null, presented: START + 9 };
    return journeyOf(sampleOf({ steps: [took, 0.05, 1, 0.2, 0.05, 2] }), last);
  };

  test("are slowed down by a round number until they can be watched", () => {
    expect(slowdownFor(12)).toBe(200);
    expect(slowdownFor(0.4)).toBe(5000);
    expect(slowdownFor(5000)).toBe(1);
  });

  test("take each way in its own time, and are gone in the end", () => {
    const motion = new Motion();
    motion.slowdown = 100;
    motion.start(journey(5), 1000);
    expect(motion.dots(1000)).toEqual([{ id: id(7), way: 0, share: 0 }]);
    expect(motion.dots(1250)).toEqual([{ id: id(7), way: 0, share: 0.5 }]);
    expect(motion.dots(1570)[0].way).toBe(1);
    expect(motion.dots(60_000)).toEqual([]);
    expect(motion.isMoving).toBe(false);
  });

  test("of a tick that is not drawn stop at the store", () => {
    const motion = new Motion();
    const last = { arrived: START + 1, stored: START + 1.1, computed: null, presented: null };
    motion.start(journeyOf(sampleOf(), last), 0);
    const ways = Array.from({ length: 200 }, (_, at) => motion.dots(at * 20)[0]?.way ?? -1);
    expect(Math.max(...ways)).toBe(4);
  });
});
