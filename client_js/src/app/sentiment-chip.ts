import { el } from "../dom";
import type { HeadlineSentiment } from "../feed/payloads";

/** Where a sentiment was computed: by the server's models, or here from the same artifact. */
export type Origin = "server" | "browser";

const MARKS = { bullish: "▲ bullish", bearish: "▼ bearish", neutral: "neutral" } as const;

/** What the chip says. */
export function chipText({ label, abstained }: HeadlineSentiment): string {
  return abstained ? "unsure" : MARKS[label];
}

/** What is told on hover: how probable, by which words, by whom. */
export function chipTitle(sentiment: HeadlineSentiment, origin: Origin): string {
  const { probabilities, words, abstained, label, model } = sentiment;
  const percent = (name: keyof typeof probabilities) =>
    `${name} ${(100 * probabilities[name]).toFixed(0)} %`;
  const lines = [`${percent("bullish")}, ${percent("neutral")}, ${percent("bearish")}`];
  if (abstained) lines.push(`Not sure enough to call it ${label}`);
  if (words.length > 0) {
    const weighed = words.map(([word, weight]) => `${word} (${weight.toFixed(2)})`);
    lines.push(`Words that decided: ${weighed.join(", ")}`);
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
