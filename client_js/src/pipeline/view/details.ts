import { el, setText } from "../../dom";
import { clock, latency } from "../../format/time";
import type { Zone } from "../../format/zone";
import { type NodeHealth, stateText } from "../health";
import { HOP_TITLES, type Hop, type NodeName, STAGES } from "../stages";
import type { PipelineState } from "../state";
import { backlogText } from "./card";

/** One node in full: what it does, its state, and the times of all hops that end there. */
export class Details {
  readonly element = el("section", "details", { "aria-label": "Stage" });
  private readonly title = el("h3");
  private readonly about = el("p", "details-about");
  private readonly facts = el("dl", "details-facts");
  private readonly values = new Map<string, HTMLElement>();

  constructor() {
    this.element.append(this.title, this.about, this.facts);
  }

  render(name: NodeName, state: PipelineState, now: number, zone: Zone): void {
    const { title, about, hops, waiting, unit } = STAGES[name];
    setText(this.title, title);
    setText(this.about, about);
    const health = state.node(name, now);
    const facts: [string, string][] = [["State", fullState(health, now + state.offset, zone)]];
    if (health.rate !== null) facts.push(["Rate", `${round(health.rate)} ${unit}`]);
    if (waiting !== null) facts.push(["Backlog", backlogText(health, waiting) || "none"]);
    for (const hop of hops) facts.push([HOP_TITLES[hop], timesText(hop, state, now)]);
    if (name === "redis") facts.push(["Acknowledged", acknowledged(state)]);
    this.fill(facts);
  }

  private fill(facts: readonly [string, string][]): void {
    const names = facts.map(([fact]) => fact);
    if (names.join() !== [...this.values.keys()].join()) {
      this.values.clear();
      for (const fact of names) this.values.set(fact, el("dd"));
      const pairs = [...this.values].map(([fact, value]) =>
        el("div", "", {}, el("dt", "", {}, fact), value),
      );
      this.facts.replaceChildren(...pairs);
    }
    for (const [fact, text] of facts) {
      const value = this.values.get(fact);
      if (value !== undefined) setText(value, text);
    }
  }
}

function fullState(health: NodeHealth, now: number, zone: Zone): string {
  const since = health.since === null ? "" : `, since ${clock(health.since, zone)}`;
  const why = health.detail === "" ? "" : ` (${health.detail})`;
  return `${stateText(health, now)}${since}${why}`;
}

function timesText(hop: Hop, state: PipelineState, now: number): string {
  const times = state.quantiles(hop, now);
  if (times === null) return hop === "venue" ? "a recording, or no trade yet" : "no sample";
  const { p50, p99, count } = times;
  return `p50 ${latency(p50)}, p99 ${latency(p99)}, ${count.toLocaleString("en-US")} samples`;
}

function acknowledged(state: PipelineState): string {
  const times = state.health.latest?.hops.acknowledge;
  if (times === undefined || times.count === 0) return "no sample";
  return `p50 ${latency(times.p50 / 1e6)}, p99 ${latency(times.p99 / 1e6)} after sending`;
}

function round(rate: number): string {
  return rate >= 10 ? Math.round(rate).toLocaleString("en-US") : rate.toFixed(1);
}
