import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { chipText, explainChip } from "../src/app/sentiment-chip";
import type { HeadlineSentiment } from "../src/feed/payloads";
import { exp } from "../src/models/exp";
import { NpzError, readNpz } from "../src/models/npz";
import { ArtifactError, SentimentModel } from "../src/models/sentiment";
import { shape, tokens } from "../src/models/text";

const FOLDER = fileURLToPath(
  new URL("../../models/tickfire/models/artifacts/sentiment", import.meta.url),
);
const manifest = () => readFileSync(`${FOLDER}.json`, "utf8");
const npz = () => new Uint8Array(readFileSync(`${FOLDER}.npz`));

describe("the sentiment model", () => {
  it("makes the golden vectors of its artifact, to the bit", async () => {
    const model = await SentimentModel.read(manifest(), npz());
    for (const { input, output } of JSON.parse(manifest()).golden) {
      expect(model.score(input).probabilities).toEqual(output);
    }
  });

  it("understands plain headlines and names the words that decided", async () => {
    const model = await SentimentModel.read(manifest(), npz());
    const { label, abstained, words } = model.score("Nvidia beats expectations, shares up 5%");
    expect([label, abstained]).toEqual(["bullish", false]);
    expect(words.map(([word]) => word)).toContain("beats");
    expect(model.score("Boeing shares plunge after downgrade").label).toBe("bearish");
    expect(model.score("").words).toEqual([]);
  });

  it("refuses what was changed, and what is of another kind", async () => {
    const changed = npz();
    changed[1000] ^= 1;
    await expect(SentimentModel.read(manifest(), changed)).rejects.toThrow(ArtifactError);
    const other = JSON.stringify({ ...JSON.parse(manifest()), kind: "other" });
    await expect(SentimentModel.read(other, npz())).rejects.toThrow("it is a other");
    const golden = [{ input: "x", output: [1, 0, 0] }];
    const wrong = JSON.stringify({ ...JSON.parse(manifest()), golden });
    await expect(SentimentModel.read(wrong, npz())).rejects.toThrow('of "x" it makes');
  });

  // The server writes what it makes of many headlines: tests/models/sentiment/test_edge.py.
  const vectors = process.env["TICKFIRE_SENTIMENT_VECTORS"] ?? "";
  it.runIf(existsSync(vectors))("is equal to the server's, to the bit", async () => {
    const model = await SentimentModel.read(manifest(), npz());
    const rows = JSON.parse(readFileSync(vectors, "utf8"));
    for (const { text, score } of rows)
      expect({ text, score: model.score(text) }).toEqual({ text, score });
    process.stdout.write(`equal ${rows.length}\n`);
  });
});

describe("its parts", () => {
  it("reads tokens", () => {
    const read = tokens("$AAPL #stocks isn’t +3.5% (-2%) 12% 1,200.50? https://t.co/x");
    expect(read).toEqual(["$aapl", "#stocks", "isn't", "+3.5%", "-2%", "12%", "1,200.50", "?"]);
    expect(read.map(shape)).toEqual([
      "<tag>",
      "<hash>",
      "isn't",
      "<+%>",
      "<-%>",
      "<%>",
      "<n>",
      "?",
    ]);
  });

  it("computes exp near the engine's own", () => {
    for (let x = -20; x <= 0; x += 0.37) {
      expect(Math.abs(exp(x) / Math.exp(x) - 1)).toBeLessThan(5e-16);
    }
    expect([exp(0), exp(-800), exp(800)]).toEqual([1, 0, Infinity]);
  });

  it("refuses what is no npz", async () => {
    await expect(readNpz(new Uint8Array(0))).rejects.toThrow(NpzError);
    await expect(readNpz(new Uint8Array(500).fill(7))).rejects.toThrow(NpzError);
    await expect(readNpz(npz().slice(0, 90_000))).rejects.toThrow(NpzError);
  });
});

describe("the chip", () => {
  const sure: HeadlineSentiment = {
    label: "bullish",
    score: 0.88,
    probabilities: { bearish: 0.02, neutral: 0.08, bullish: 0.9 },
    abstained: false,
    words: [["beats", 0.854]],
    model: "sentiment/1",
  };

  it("says the label, or that nobody is sure", () => {
    expect(chipText(sure)).toBe("▲ bullish");
    expect(chipText({ ...sure, abstained: true })).toBe("unsure");
  });

  it("explains itself", () => {
    expect(explainChip(sure, "browser").split("\n")).toEqual([
      "Mood of the headline: bullish",
      "bullish 90 %, neutral 8 %, bearish 2 %",
      "Words that decided, with their weights: beats (0.85)",
      "Model sentiment/1, scored in this browser.",
    ]);
    const unsure = explainChip({ ...sure, abstained: true, words: [] }, "server");
    expect(unsure).toContain("Too uncertain to be called bullish");
    expect(unsure).not.toContain("Words that");
  });
});
