import { CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { EditorState, Text } from "@codemirror/state";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PRICE_PANE } from "../src/chart/series";
import { barsOf } from "../src/python/columns";
import { catalogueCompletions } from "../src/python/completions";
import { describe as describeFault, spanOf } from "../src/python/diagnostics";
import { Draft, PAUSE_MS } from "../src/python/draft";
import { seriesOf } from "../src/python/drawing";
import { Dump } from "../src/python/fatal";
import type { Catalogue, Fault } from "../src/python/messages";
import { Output } from "../src/python/output";
import { type Bar, CandleStore } from "../src/store/candle-store";

const fault = (line: number | null, span: [number, number] | null = null): Fault => {
  return { type: "SyntaxError", message: "wrong", line, span, trace: [], interrupted: false };
};

describe("diagnostics", () => {
  const doc = Text.of(["def f():", "  return (1 +", "", "x"]);
  const underlined = (at: Fault) => {
    const span = spanOf(doc, at);
    return span === null ? null : doc.sliceString(span.from, span.to);
  };

  it("underlines the columns of an error, or else the whole line without its indentation", () => {
    expect(underlined(fault(2, [9, 10]))).toBe("(");
    expect(underlined(fault(2))).toBe("return (1 +");
    expect(underlined(fault(2, [13, 14]))).toBe("+");
    expect(underlined(fault(null))).toBeNull();
  });

  it("stays inside the text whatever line and columns are given", () => {
    fc.assert(
      fc.property(fc.nat(9), fc.nat(30), fc.nat(30), (line, start, end) => {
        const span = spanOf(doc, fault(line, [start, end]));
        expect(span?.from).toBeGreaterThanOrEqual(0);
        expect(span?.to).toBeGreaterThanOrEqual(span?.from ?? 0);
        expect(span?.to).toBeLessThanOrEqual(doc.length);
      }),
    );
  });

  it("names the type once", () => {
    expect(describeFault(fault(2))).toBe("SyntaxError, line 2: wrong");
    const deep = "the function calls itself too deeply (RecursionError: too deep)";
    const recursion = { ...fault(4), type: "RecursionError", message: deep };
    expect(describeFault(recursion)).toBe(`line 4: ${deep}`);
  });
});

describe("the end of Python", () => {
  it("is told at the user's innermost line, and its dump is no output", () => {
    const dump = new Dump();
    expect(dump.take("a warning of the user's")).toBe(false);
    const lines = [
      "Stack (most recent call first):",
      '  File "/lib/python3.14/json/encoder.py", line 200 in encode',
      '  File "<indicator>", line 7 in deep',
      '  File "<indicator>", line 9 in indicator',
    ];
    for (const line of lines) expect(dump.take(line)).toBe(true);
    const told = dump.fault(new RangeError("Maximum call stack size exceeded"));
    expect(told.line).toBe(7);
    expect(told.message).toMatch(/too deeply.*RecursionError.*Python was restarted/);
  });
});

describe("a draft", () => {
  const type = () => {
    const ran: string[] = [];
    const shown: [string | null, boolean][] = [];
    const draft = new Draft<string>({
      check: async (text) => (text.includes("(") ? "never closed" : null),
      show: (error, paused) => shown.push([error, paused]),
      run: (text) => ran.push(text),
    });
    return { draft, ran, shown };
  };

  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is run once, after a pause in typing", async () => {
    const { draft, ran } = type();
    for (const text of ["x", "xy", "xyz"]) {
      draft.change(text);
      await vi.advanceTimersByTimeAsync(PAUSE_MS - 50);
    }
    expect(ran).toEqual([]);
    await vi.advanceTimersByTimeAsync(50);
    expect(ran).toEqual(["xyz"]);
  });

  it("is not run with a syntax error, which is shown at once and after the pause", async () => {
    const { draft, ran, shown } = type();
    draft.change("x = (");
    await vi.advanceTimersByTimeAsync(PAUSE_MS);
    expect(ran).toEqual([]);
    expect(shown).toEqual([
      ["never closed", false],
      ["never closed", true],
    ]);
  });

  it("is forgotten when something else is run", async () => {
    const { draft, ran } = type();
    draft.change("x");
    draft.cancel();
    await vi.advanceTimersByTimeAsync(10 * PAUSE_MS);
    expect(ran).toEqual([]);
  });
});

describe("completions", () => {
  const catalogue: Catalogue = { kernels: [["ema", "ema(src, period) -> out"]], bars: ["close"] };
  const source = catalogueCompletions(() => catalogue);
  const labels = (text: string) => {
    const state = EditorState.create({ doc: text });
    const found = source(new CompletionContext(state, text.length, false));
    return (found as CompletionResult | null)?.options.map(({ label }) => label) ?? null;
  };

  it("are the attributes after bars., kernels elsewhere, and none of other objects", () => {
    expect(labels("x = bars.c")).toEqual(["close"]);
    expect(labels("x = bars.")).toEqual(["close"]);
    expect(labels("e")).toContain("ema");
    expect(labels("other.e")).toBeNull();
    expect(labels("x = ")).toBeNull();
  });
});

describe("drawing", () => {
  const time = Float64Array.of(1, 2, 3, 4);
  const span = { low: 90, high: 110 };
  const draw = (series: Record<string, number[]>, pane: string | null = null) => {
    const values = Object.entries(series).map(([name, each]) => [name, Float64Array.from(each)]);
    return seriesOf({ series: Object.fromEntries(values), pane, ms: 0 }, time, span);
  };

  it("puts what lies among the prices over the candles, the rest in a pane of its own", () => {
    const made = draw({ mean: [95, 96, 97, Number.NaN], index: [0.1, 0.2, 0.3, 0.4] });
    expect(made.map(({ pane }) => pane)).toEqual([PRICE_PANE, "Python"]);
    expect(made.flatMap(({ plots }) => plots.map(({ label }) => label))).toEqual(["mean", "index"]);
    expect(made[0].plots[0].color).not.toBe(made[1].plots[0].color);
  });

  it("goes where the code asks it to", () => {
    expect(draw({ a: [95, 96, 97, 98] }, "own")[0].pane).not.toBe(PRICE_PANE);
    expect(draw({ a: [1, 2, 3, 4] }, "price")[0].pane).toBe(PRICE_PANE);
  });

  it("draws single values as dots", () => {
    const none = Number.NaN;
    const made = draw({ line: [95, 96, none, 97], dots: [95, none, none, 97], nothing: [] });
    expect(made[0].plots.map(({ kind }) => kind)).toEqual(["line", "dots", "line"]);
  });

  it("draws nothing for an error", () => {
    expect(seriesOf({ ms: 1 }, time, span)).toEqual([]);
  });
});

describe("columns", () => {
  it("gives times in ns and prices as the doubles nearest to their text", () => {
    const digits = fc.tuple(
      fc.integer({ min: 0, max: 10 ** 7 }),
      fc.integer({ min: 0, max: 999_999 }),
    );
    fc.assert(
      fc.property(fc.array(digits, { minLength: 1, maxLength: 5 }), (prices) => {
        const store = new CandleStore("0.000001");
        const texts = prices.map(([whole, part]) => `${whole}.${String(part).padStart(6, "0")}`);
        const bars = texts.map((text, i): Bar => {
          const time = 1_719_840_600_000 + i;
          return { time, open: text, high: text, low: text, close: text, volume: i, trades: 1 };
        });
        store.reset(bars);
        const { columns } = barsOf({ store, symbol: "S", interval: "1s" });
        expect([...new BigInt64Array(columns[0])]).toEqual(
          bars.map(({ time }) => BigInt(time) * 1_000_000n),
        );
        expect([...new Float64Array(columns[4])]).toEqual(texts.map(Number));
        expect([...new Float64Array(columns[5])]).toEqual(bars.map(({ volume }) => volume));
      }),
    );
  });
});

describe("output", () => {
  it("comes in few pieces, ends after so much, and is another for errors", () => {
    const said: [string, boolean][] = [];
    const output = new Output((text, isError) => said.push([text, isError]));
    output.begin(false);
    output.write("one", false);
    output.write("two", false);
    output.write("wrong", true);
    output.flush();
    expect(said).toEqual([
      ["one\ntwo\n", false],
      ["wrong\n", true],
    ]);
    said.length = 0;
    output.begin(false);
    for (let i = 0; i < 100_000; i++) output.write("line", false);
    output.flush();
    const whole = said.map(([text]) => text).join("");
    expect(said.length).toBeLessThan(30);
    expect(whole.length).toBeLessThan(51_000);
    expect(whole.endsWith("(more was printed than is shown)\n")).toBe(true);
    output.begin(true);
    output.write("muted", false);
    output.flush();
    expect(said.at(-1)?.[0]).not.toContain("muted");
  });
});
