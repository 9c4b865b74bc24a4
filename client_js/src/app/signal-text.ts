import type { Anomaly, Direction, Pattern, RuleHeld, SignalEvent } from "../feed/signals";
import { explainAnomaly, featureOf } from "./anomaly-text";
import { capital, share, words } from "./words";

/** A forecast nearer to the usual share than this is not worth a colour. */
const SLIGHT = 0.05;

/** The title of a signal in a list. */
export function title(signal: SignalEvent): string {
  switch (signal.event) {
    case "anomaly":
      return `Unusual ${featureOf(signal)}`;
    case "pattern":
      return `${capital(words(signal.name))} · ${signal.interval}`;
    case "signal":
      return signal.kind === "rule" ? signal.name : `${headline(signal)}, next ${signal.horizon}`;
  }
}

/** The explanation of a signal: a title, then a paragraph a line. */
export function explain(signal: SignalEvent): string {
  switch (signal.event) {
    case "anomaly":
      return [title(signal), ...explainAnomaly(signal as Anomaly)].join("\n");
    case "pattern":
      return [title(signal), ...explainPattern(signal as Pattern)].join("\n");
    case "signal":
      return signal.kind === "rule" ? explainRule(signal) : explainDirection(signal);
  }
}

/** The direction of a signal: "up", "down" or "flat". */
export function trend(signal: SignalEvent): "up" | "down" | "flat" {
  if (signal.event === "pattern") {
    const { direction } = signal;
    if (direction === "up" || direction === "bullish" || Number(direction) > 0) return "up";
    if (direction === "down" || direction === "bearish" || Number(direction) < 0) return "down";
  }
  if (signal.event === "signal" && signal.kind === "direction") return leaning(signal);
  return "flat";
}

/** The direction of a forecast that is clear enough to be coloured; else "flat". */
export function leaning({ says, probability, base_rate }: Direction): "up" | "down" | "flat" {
  return says === "no edge" || Math.abs(probability - base_rate) < SLIGHT ? "flat" : says;
}

/** A forecast in two or three words. */
export function headline(said: Direction): string {
  if (said.says === "no edge") return "No edge";
  return leaning(said) === "flat" ? `Slightly ${said.says}` : `Leans ${said.says}`;
}

/** Explanations of the figures of a forecast. */
export const FIGURES = {
  forecast: "Forecast\nHow probable the model finds a higher price at the end of the time ahead.",
  usual:
    "Usual\nHow often the price was higher after as long a time, whatever the model said. A " +
    "forecast near it says next to nothing.",
  cases:
    "Cases\nHow many earlier forecasts like this one there are to judge it by, on bars that were " +
    "not used for training. Fewer cases, less certainty.",
  net:
    "After costs\nThe average return of trading on such forecasts, less the cost of buying and " +
    "selling. 1 bp, a basis point, is a hundredth of a percent. Below zero it lost money.",
} as const;

function explainDirection(said: Direction): string {
  const [low, high] = said.interval;
  const net = said.expected_net_bp;
  return [
    `${headline(said)}, next ${said.horizon}`,
    `The model finds a higher price in ${said.horizon} ${share(said.probability)} probable. ` +
      `It was higher in ${share(said.base_rate)} of all cases.`,
    `After ${said.n.toLocaleString("en")} earlier forecasts like this it was higher in ` +
      `${share(low)} to ${share(high)} (a range that holds the true share 19 times in 20).`,
    `Trading on them ${net < 0 ? "lost" : "earned"} ${Math.abs(net).toFixed(2)} bp on average, after ` +
      `costs of ${said.cost_bp} bp (1 bp is a hundredth of a percent).`,
    verdict(said),
  ].join("\n");
}

function verdict({ says, origin }: Direction): string {
  if (origin === "simulated") {
    return "No edge: the market is simulated, so its prices are made up, and nothing follows from them for a real one.";
  }
  return says === "no edge" ? "No edge: nothing here to trade on." : "Past results may not repeat.";
}

function explainRule({ name, when, interval, values }: RuleHeld): string {
  const known = Object.entries(values).map(([key, value]) => `${key} = ${value}`);
  return `${name}\nYour rule "${when}" became true on ${interval} candles.\n${known.join(", ")}`;
}

function explainPattern(pattern: Pattern): string[] {
  const to = trend({ event: "pattern", ...pattern });
  const side = { up: "bullish", down: "bearish", flat: "neutral" }[to];
  const text = typeof pattern.text === "string" ? `${capital(pattern.text)}.` : "";
  const { quality } = pattern;
  return [
    `A ${side} pattern on ${pattern.interval} candles. ${text.replace(/\.\.$/, ".")}`.trim(),
    quality === undefined ? "" : `It fits the textbook shape to ${(quality * 100).toFixed(0)} %.`,
    "A pattern is not a forecast.",
  ].filter((line) => line !== "");
}
