import type { Direction, RuleHeld, SignalEvent } from "../feed/signals";

/** The title of a signal in a list. */
export function title(signal: SignalEvent): string {
  switch (signal.event) {
    case "anomaly":
      return `Unusual ${words(signal.feature)}`;
    case "pattern":
      return `${capital(words(signal.name))} · ${signal.interval}`;
    case "signal":
      return signal.kind === "rule" ? signal.name : `${signal.says}, next ${signal.horizon}`;
  }
}

/** The explanation of a signal, shown on hover. */
export function explain(signal: SignalEvent): string {
  switch (signal.event) {
    case "anomaly":
      return [
        `Score ${signal.score.toPrecision(3)}: the ${words(signal.feature)} is far outside its usual`,
        `range for ${signal.symbol}.`,
        details(signal),
      ].join(" ");
    case "pattern":
      return [
        `${capital(words(signal.name))}, ${side(signal.direction)}, on ${signal.interval} candles.`,
        typeof signal.text === "string" ? signal.text : "",
        signal.quality === undefined ? "" : `Quality ${signal.quality.toFixed(2)} of 1.`,
        "A pattern is not a forecast.",
      ]
        .filter((part) => part !== "")
        .join(" ");
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
  if (signal.event === "signal" && signal.kind === "direction" && signal.says !== "no edge") {
    return signal.says;
  }
  return "flat";
}

function explainDirection(said: Direction): string {
  const [low, high] = said.interval;
  return [
    `The model puts the probability of a higher price in ${said.horizon} at ${share(said.probability)}.`,
    `The price rose in ${share(said.base_rate)} of all cases, and in ${share(low)} to ${share(high)}`,
    `(95 % confidence) of the ${said.n.toLocaleString("en")} cases with a similar forecast,`,
    "on bars that were not used for training.",
    `Trading on it returned ${said.expected_net_bp.toFixed(2)} bp on average, after costs`,
    `of ${said.cost_bp} bp.`,
    said.says === "no edge" ? "This is no edge." : "Past results may not repeat.",
  ].join(" ");
}

function explainRule({ when, interval, values }: RuleHeld): string {
  const known = Object.entries(values).map(([name, value]) => `${name} = ${value}`);
  return `Your rule "${when}" became true on ${interval} candles: ${known.join(", ")}.`;
}

function details(signal: Record<string, unknown>): string {
  const told = new Set(["id", "symbol", "timestamp", "model", "event", "feature", "score"]);
  return Object.entries(signal)
    .filter(([name, value]) => !told.has(name) && typeof value !== "object")
    .map(([name, value]) => `${words(name)} ${value}`)
    .join(", ");
}

function side(direction: string | number): string {
  const to = trend({ event: "pattern", direction } as SignalEvent);
  return to === "up" ? "bullish" : to === "down" ? "bearish" : "neutral";
}

function share(value: number): string {
  return `${(value * 100).toFixed(1)} %`;
}

function words(name: string): string {
  return name.replaceAll("_", " ");
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
