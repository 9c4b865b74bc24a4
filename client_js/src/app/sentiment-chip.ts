import { el } from "../dom";
import type { HeadlineSentiment } from "../feed/payloads";

/** Origin of a sentiment: the server, or the browser with the same artifact. */
export type Origin = "server" | "browser";

const MARKS = { bullish: "▲ bullish", bearish: "▼ bearish", neutral: "neutral" } as const;

/** The chip's text. */
export function chipText({ label, abstained }: HeadlineSentiment): string {
  return abstained ? "unsure" : MARKS[label];
}

/** The explanation: how sure the model is, what it went by, and where it ran. */
export function explainChip(sentiment: HeadlineSentiment, origin: Origin): string {
  const { probabilities, words, abstained, label, model } = sentiment;
  const percent = (name: keyof typeof probabilities) =>
    `${name} ${(100 * probabilities[name]).toFixed(0)} %`;
  const lines = [abstained ? "Mood of the headline: unsure" : `Mood of the headline: ${label}`];
  lines.push(`${percent("bullish")}, ${percent("neutral")}, ${percent("bearish")}`);
  if (abstained) lines.push(`Too uncertain to be called ${label}.`);
  if (words.length > 0) {
    const weighed = words.map(([word, weight]) => `${word} (${weight.toFixed(2)})`);
    lines.push(`Words that decided, with their weights: ${weighed.join(", ")}`);
  }
  lines.push(
    `Model ${model}, scored ${origin === "browser" ? "in this browser" : "by the server"}.`,
  );
  return lines.join("\n");
}

export function sentimentChip(sentiment: HeadlineSentiment, origin: Origin): HTMLElement {
  return el(
    "button",
    "news-sentiment",
    {
      type: "button",
      "data-tip": explainChip(sentiment, origin),
      "data-explains": "",
      "data-label": sentiment.abstained ? "unsure" : sentiment.label,
      "data-origin": origin,
    },
    chipText(sentiment),
  );
}
