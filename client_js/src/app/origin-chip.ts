import { byId, setData, setText } from "../dom";
import type { Origin } from "../feed/payloads";
import { explainBy } from "./tip";

const NAMES: Record<Origin, string> = {
  live: "Real market",
  replay: "Replay",
  simulated: "Simulated",
};

const EXPLANATIONS: Record<Origin, string> = {
  live: "These prices come from a market, as it trades.",
  replay: "These prices are a recording of a real market, played again: they are not of today.",
  simulated: "These prices are made up by a simulated market: no such trade has taken place.",
};

/** The chip in the top bar that tells where the prices come from; hidden if that is not known. */
export class OriginChip {
  private readonly element = byId("origin");

  show(origin: Origin | null): void {
    this.element.hidden = origin === null;
    if (origin === null) return;
    setText(this.element, NAMES[origin]);
    setData(this.element, "origin", origin);
    explainBy(this.element, EXPLANATIONS[origin]);
  }
}
