import { el, setData, setText } from "../../dom";
import { compact } from "../../format/decimal";
import { latency } from "../../format/time";
import { type NodeHealth, stateText } from "../health";
import { type NodeName, STAGES, type Stage } from "../stages";
import type { PipelineState } from "../state";
import { Sparkline } from "./sparkline";

/** Backlog from which it is more than what is on its way at any moment, and at which the bar is full. */
const MUCH = 100;
const FULL = 5000;
/** The same for the bytes that wait for the socket. */
const MUCH_BYTES = 64 << 10;

/** One node of the diagram: a button with its figures. */
export class Card {
  readonly element: HTMLButtonElement;
  private readonly state = el("span", "node-state");
  private readonly median = el("b", "node-median");
  private readonly tail = el("span", "node-tail");
  private readonly rate = el("span", "node-rate");
  private readonly backlog = el("span", "node-backlog");
  private readonly bar = el("span", "node-bar");
  private readonly spark = new Sparkline();

  constructor(
    readonly name: NodeName,
    onChoose: (name: NodeName) => void,
  ) {
    const head = el("span", "node-head", {}, el("i", "node-lamp", { "aria-hidden": "true" }));
    head.append(el("span", "node-title", {}, STAGES[name].title), this.state);
    const times = el("span", "node-times", {}, this.median, this.tail);
    const foot = el("span", "node-foot", {}, this.rate, this.backlog);
    this.element = el("button", "node", { type: "button", "aria-pressed": "false" });
    this.element.dataset["node"] = name;
    this.element.append(head, times, this.spark.element, foot, this.bar);
    this.element.addEventListener("click", () => onChoose(name));
  }

  setChosen(isChosen: boolean): void {
    this.element.setAttribute("aria-pressed", String(isChosen));
  }

  private rateLine({ rate }: NodeHealth, state: PipelineState, unit: string): string {
    if (this.name === "compute" && !state.lastHops.computes) return "no indicator is on";
    return rate === null ? "" : `${rateText(rate)} ${unit}`;
  }

  render(state: PipelineState, now: number): void {
    const { name } = this;
    const { hops, unit, waiting } = STAGES[name];
    const health = state.node(name, now);
    const times = state.quantiles(hops[0], now);
    setData(this.element, "state", health.state);
    setText(this.state, stateText(health, now + state.offset));
    setText(this.median, times === null ? "—" : latency(times.p50));
    setText(this.tail, times === null ? "" : `p99 ${latency(times.p99)}`);
    setText(this.rate, this.rateLine(health, state, unit));
    setText(this.backlog, backlogText(health, waiting));
    const isMuch = health.backlog > (name === "socket" ? MUCH_BYTES : MUCH);
    setData(this.element, "backlog", String(health.backlog));
    setData(this.element, "waiting", String(isMuch));
    this.bar.style.width = isMuch ? `${Math.min(health.backlog / FULL, 1) * 100}%` : "0";
    this.spark.render(state.points(hops[0], now));
  }
}

function rateText(rate: number): string {
  return rate >= 10 || rate === 0 ? compact(Math.round(rate)) : rate.toFixed(1);
}

/** The backlog as text: "about 1,240 ticks wait"; empty if nothing waits. */
export function backlogText({ backlog, estimated }: NodeHealth, waiting: Stage["waiting"]): string {
  if (backlog === 0 || waiting === null) return "";
  const count = backlog.toLocaleString("en-US");
  return estimated ? `about ${count} ticks wait` : `${count} ${waiting[backlog === 1 ? 0 : 1]}`;
}
