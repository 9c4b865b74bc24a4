import { el, setText } from "../../dom";
import { clockMs, latency } from "../../format/time";
import type { Zone } from "../../format/zone";
import type { Journey, Leg } from "../journey";
import { HOP_TITLES } from "../stages";

/** Shorter bars than this share of the whole cannot be seen. */
const LEAST_SHARE = 0.004;

/** One tick's way, hop by hop: a bar for each, at its place in the whole. */
export class Follow {
  readonly element = el("section", "follow", { "aria-label": "One trade, hop by hop" });
  private readonly title = el("h3", "", {}, "One trade, hop by hop");
  private readonly lead = el("p", "follow-lead");
  private readonly rows = el("ol", "follow-rows");
  private readonly note = el("p", "follow-note");
  private shown: Journey | null = null;

  constructor() {
    this.element.append(this.title, this.lead, this.rows, this.note);
  }

  render(journey: Journey | null, zone: Zone): void {
    if (journey === this.shown && journey !== null) return;
    this.shown = journey;
    this.element.dataset["trace"] = journey?.id ?? "";
    if (journey === null) {
      setText(this.lead, "Choose a trade to follow it.");
      this.rows.replaceChildren();
      setText(this.note, "");
      return;
    }
    const { symbol, price, volume, began, legs, total } = journey;
    const trade = price === null ? "a quote" : `${volume} at ${price}`;
    setText(
      this.lead,
      `${symbol}, ${trade}: received ${clockMs(began, zone)}, ${journey.isPresented ? "on screen" : "here"} ${latency(total)} later`,
    );
    const start = Math.min(0, ...legs.map(({ from }) => from));
    this.rows.replaceChildren(...legs.map((leg) => rowOf(leg, start, total - start)));
    setText(this.note, noteOf(journey));
  }
}

function rowOf({ hop, from, took }: Leg, start: number, whole: number): HTMLElement {
  const bar = el("i", "follow-bar");
  const share = Math.max(took / whole, LEAST_SHARE);
  bar.style.left = `${Math.min((from - start) / whole, 1 - share) * 100}%`;
  bar.style.width = `${share * 100}%`;
  const track = el("span", "follow-track", { "aria-hidden": "true" }, bar);
  const row = el("li", "follow-row", {}, el("span", "follow-hop", {}, HOP_TITLES[hop]), track);
  row.append(el("b", "follow-time", {}, latency(took)));
  row.dataset["hop"] = hop;
  return row;
}

function noteOf({ offsetError, isPresented, legs }: Journey): string {
  const sentences = [
    `The network hop is exact to ${latency(offsetError)}, by the clocks compared.`,
  ];
  if (legs[0]?.hop === "venue") {
    sentences.push("The first hop begins with the venue's own stamp, by the venue's clock.");
  }
  if (!isPresented)
    sentences.push("It ends here: its symbol is not drawn on this page, or the tab is hidden.");
  return sentences.join(" ");
}
