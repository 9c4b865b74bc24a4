import { el } from "../dom";
import type { HeadlineSentiment } from "../feed/payloads";

/** Origin of a sentiment: the server, or the browser with the same artifact. */
export type Origin = "server" | "browser";

const MARKS = { bullish: "▲ bullish", bearish: "▼ bearish", neutral: "neutral" } as const;

/** The chip's text. */
export function chipText({ label, abstained }: HeadlineSentiment): string {
  return abstained ? "unsure" : MARKS[label];
}

/** The explanation on hover: probabilities, the decisive words, and where it was computed. */
export function chipTitle(sentiment: HeadlineSentiment, origin: Origin): string {
  const { probabilities, words, abstained, label, model } = sentiment;
  const percent = (name: keyof typeof probabilities) =>
    `${name} ${(100 * probabilities[name]).toFixed(0)} %`;
  const lines = [`${percent("bullish")}, ${percent("neutral")}, ${percent("bearish")}`];
  if (abstained) lines.push(`Too uncertain to be called ${label}`);
  if (words.length > 0) {
    const weighed = words.map(([word, weight]) => `${word} (${weight.toFixed(2)})`);
    lines.push(`Decisive words: ${weighed.join(", ")}`);
  }
  lines.push(origin === "browser" ? `${model}, scored in this browser` : model);
  return lines.join("\n");
}

export function sentimentChip(sentiment: HeadlineSentiment, origin: Origin): HTMLElement {
  return el(
    "span",
    "news-sentiment",
    {
      title: chipTitle(sentiment, origin),
      "data-label": sentiment.abstained ? "unsure" : sentiment.label,
      "data-origin": origin,
    },
    chipText(sentiment),
  );
}
