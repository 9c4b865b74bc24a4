import type { Anomaly } from "../feed/signals";
import { capital, duration, plainNumber, times, words } from "./words";

/** The models' names of what can be unusual, as people say them. */
const NAMES: Record<string, string> = {
  return: "price change",
  volume: "volume",
  spread: "spread",
  inter_arrival: "pace of trades",
  context: "combination",
  gap: "opening gap",
  range: "price range",
};

const BASIS_POINTS_PER_PERCENT = 100;
/** Deviations from usual that are worth a word. */
const NOTABLE = 2;

/** Name the unusual figure, in a word or two. */
export function featureOf({ feature }: Pick<Anomaly, "feature">): string {
  return NAMES[feature] ?? words(feature);
}

/** Explain an anomaly, a sentence or two a line. */
export function explainAnomaly(anomaly: Anomaly): string[] {
  const { score, symbol, interval } = anomaly;
  const z = numberOf(anomaly, "z");
  const where = typeof interval === "string" ? "minutes before" : `trades of ${symbol} before`;
  const lines = [typeof interval === "string" ? minute(anomaly) : trade(anomaly)];
  const far = z === null ? "" : `${plainNumber(Math.abs(z))} standard deviations from usual, `;
  lines.push(
    `${capital(`${far}${plainNumber(score)} times what raises an alarm.`)} ` +
      `Usual is the average of the ${where}; a standard deviation is how far they mostly stray from it.`,
  );
  lines.push("It draws attention and predicts nothing.");
  return lines.filter((line) => line !== "");
}

function trade(anomaly: Anomaly): string {
  const farthest = farthestOf(anomaly);
  const value = numberOf(anomaly, "value");
  const usual = numberOf(anomaly, "expected");
  if (value === null || usual === null) return "";
  const said = sentence(farthest, value, usual);
  if (anomaly.feature !== "context") return said;
  return `No figure is so unusual alone, but together they are. The most unusual: ${said}`;
}

function sentence(feature: string, value: number, usual: number): string {
  const ratio = times(Math.abs(value), Math.abs(usual));
  const more = ratio === "" ? "" : ` That is ${ratio}.`;
  switch (feature) {
    case "volume":
      return `A trade of ${plainNumber(value)}, where about ${plainNumber(usual)} is usual.${more}`;
    case "return": {
      const way = value < 0 ? "fell" : "rose";
      return `The price ${way} by ${percent(value)} from one trade to the next.`;
    }
    case "spread":
      return `Bid and ask were ${percent(value)} of the price apart; ${percent(usual)} is usual.`;
    case "inter_arrival":
      return `Trades came every ${duration(value)}; every ${duration(usual)} is usual.`;
    default:
      return `Its ${words(feature)} was ${plainNumber(value)}, usually ${plainNumber(usual)}.`;
  }
}

/** Of a whole minute only the deviations are known. */
function minute(anomaly: Anomaly): string {
  const all = Object.entries((anomaly["features"] ?? {}) as Record<string, number>);
  const notable = all
    .filter(([, z]) => Math.abs(z) >= NOTABLE)
    .sort(([, a], [, b]) => Math.abs(b) - Math.abs(a))
    .map(([name, z]) => `${NAMES[name] ?? words(name)} far ${z < 0 ? "below" : "above"} usual`);
  const list = notable.join(", ") || "a combination that is rare";
  return `The minute was unlike those before: ${list}.`;
}

/** The feature that the figures are about: of a combination, the farthest from usual. */
function farthestOf(anomaly: Anomaly): string {
  if (anomaly.feature !== "context") return anomaly.feature;
  const all = Object.entries((anomaly["features"] ?? {}) as Record<string, number>);
  all.sort(([, a], [, b]) => Math.abs(b) - Math.abs(a));
  return all[0]?.[0] ?? "combination";
}

/** Basis points in percent. */
function percent(points: number): string {
  const size = Math.abs(points) / BASIS_POINTS_PER_PERCENT;
  return `${size.toLocaleString("en-US", { maximumSignificantDigits: 2 })} %`;
}

function numberOf(anomaly: Anomaly, name: string): number | null {
  const value = anomaly[name];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
