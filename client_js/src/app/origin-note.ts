import type { Headline, Origin } from "../feed/payloads";

const PRICES: Record<Origin, string> = {
  live: "the prices are live",
  replay: "the prices are a recording of a real market",
  simulated: "the prices are simulated",
};

/**
 * A sentence about headlines that do not belong to the prices beside them, since one of the two is
 * simulated or is a recording; empty if both are live.
 */
export function originNote(headlines: readonly Headline[], ticks: Origin | null): string {
  const simulated = headlines.filter(({ origin }) => origin === "simulated").length;
  if (simulated > 0) {
    const which = simulated < headlines.length ? "Some of these headlines" : "These headlines";
    if (ticks === "simulated") return `${which} are simulated, as the prices are.`;
    const beside = ticks === null ? "" : `; ${PRICES[ticks]}`;
    return `${which} and their sentiment are simulated${beside}.`;
  }
  if (headlines.length === 0 || ticks === null || ticks === "live") return "";
  return `These headlines are real; ${PRICES[ticks]}.`;
}
