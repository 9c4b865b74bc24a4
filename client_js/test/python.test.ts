import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PRICE_PANE } from "../src/chart/series";
import { barsOf } from "../src/python/columns";
import { seriesOf } from "../src/python/drawing";
import { Output } from "../src/python/output";
import { indent, lineSpan, newLine, outdent } from "../src/python/typing";
import { type Bar, CandleStore } from "../src/store/candle-store";

const caret = (text: string) => ({ text, from: text.length, to: text.length });

describe("typing", () => {
  it("goes on as deep as the line before, deeper after a colon", () => {
    expect(newLine(caret("def f():")).text).toBe("def f():\n    ");
    expect(newLine(caret("    x = 1")).text).toBe("    x = 1\n    ");
    expect(newLine(caret("  if a:  # why")).text).toBe("  if a:  # why\n      ");
    expect(newLine(caret("x = {1: 2}")).text).toBe("x = {1: 2}\n");
  });

  it("indents to the next stop, and whole lines when some are selected", () => {
    expect(indent(caret("ab")).text).toBe("ab  ");
    expect(indent({ text: "a\nb\nc", from: 0, to: 3 }).text).toBe("    a\n    b\nc");
    expect(indent({ text: "a\n\nb", from: 0, to: 4 }).text).toBe("    a\n\n    b");
    expect(indent({ text: "a\nb", from: 0, to: 2 }).text).toBe("    a\nb");
    expect(outdent({ text: "    a\n  b\nc", from: 5, to: 9 }).text).toBe("a\nb\nc");
  });

  it("keeps the selection inside the text, and outdent undoes indent", () => {
    const text = fc.array(fc.constantFrom("a", " ", "\n", ":"), { maxLength: 30 });
    fc.assert(
      fc.property(text, fc.nat(30), fc.nat(30), (characters, a, b) => {
        const whole = characters.join("");
        const [from, to] = [Math.min(a, b, whole.length), Math.min(Math.max(a, b), whole.length)];
        for (const change of [newLine, indent, outdent]) {
          const after = change({ text: whole, from, to });
          expect(after.from).toBeGreaterThanOrEqual(0);
          expect(after.from).toBeLessThanOrEqual(after.to);
          expect(after.to).toBeLessThanOrEqual(after.text.length);
        }
        if (from !== to) expect(outdent(indent({ text: whole, from, to })).text).toBe(whole);
      }),
    );
  });

  it("leaves a leading line break alone when the caret is before it", () => {
    const edit = { text: "\n", from: 0, to: 1 };
    expect(outdent(indent(edit)).text).toBe("\n");
    expect(newLine({ text: "\n", from: 0, to: 0 })).toEqual({ text: "\n\n", from: 1, to: 1 });
  });

  it("finds lines, the last one for any beyond", () => {
    expect(lineSpan("ab\ncd\n", 2)).toEqual({ from: 3, to: 5 });
    expect(lineSpan("ab\ncd", 1)).toEqual({ from: 0, to: 2 });
    expect(lineSpan("ab\ncd", 9)).toEqual({ from: 3, to: 5 });
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
