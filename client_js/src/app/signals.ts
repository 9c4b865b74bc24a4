import { byId, el } from "../dom";
import type { Direction, SignalEvent } from "../feed/signals";
import { minute, type Zone } from "../format/time";
import { explain, title, trend } from "./signal-text";

const KEPT = 40;
/** Range of the scale: a direction's probability is rarely outside it. */
const SCALE = [0.35, 0.65] as const;

/**
 * The models' signals for the selected symbol: the outlook on top, then the others, newest first.
 */
export class Signals {
  private readonly outlook = byId("signals-outlook");
  private readonly list = byId("signals-list");
  private readonly empty = byId("signals-empty");
  private direction: Direction | null = null;
  private others: SignalEvent[] = [];
  private stale = true;

  /** Replace all signals, newest last; without an argument, remove them. */
  reset(signals: readonly SignalEvent[] = []): void {
    this.direction = null;
    this.others = [];
    for (const signal of signals) this.push(signal);
    this.stale = true;
  }

  push(signal: SignalEvent): void {
    if (isDirection(signal)) this.direction = signal;
    else if (!this.others.some(({ id }) => id === signal.id)) {
      this.others = [signal, ...this.others].slice(0, KEPT);
    }
    this.stale = true;
  }

  /** Redraw everything, for example in another time zone. */
  restyle(): void {
    this.stale = true;
  }

  render(zone: Zone): void {
    if (!this.stale) return;
    this.stale = false;
    this.empty.hidden = this.direction !== null || this.others.length > 0;
    this.outlook.hidden = this.direction === null;
    if (this.direction !== null) this.outlook.replaceChildren(...card(this.direction, zone));
    this.list.replaceChildren(...this.others.map((each) => item(each, zone)));
  }
}

function isDirection(signal: SignalEvent): signal is { event: "signal" } & Direction {
  return signal.event === "signal" && signal.kind === "direction";
}

function item(signal: SignalEvent, zone: Zone): Element {
  const time = el("time", "signal-time", {}, minute(signal.timestamp, zone));
  const name = el("span", "signal-name", {}, title(signal));
  return el(
    "li",
    "signal-item",
    { title: explain(signal), "data-event": signal.event, "data-trend": trend(signal) },
    time,
    name,
  );
}

/**
 * The outlook's card: its probability on a scale, with the confidence interval and the base rate.
 */
function card(said: Direction, zone: Zone): Element[] {
  const text = explain({ event: "signal", ...said });
  const head = el(
    "div",
    "outlook-head",
    { title: text },
    el("b", "outlook-says", { "data-says": said.says }, said.says),
    el("span", "outlook-horizon", {}, `next ${said.horizon}, from ${minute(said.timestamp, zone)}`),
  );
  const scale = el("div", "outlook-scale", { role: "img", "aria-label": text, title: text });
  const [low, high] = said.interval;
  const band = el("i", "outlook-band");
  band.style.left = percent(low);
  band.style.right = `calc(100% - ${percent(high)})`;
  const base = el("i", "outlook-base");
  base.style.left = percent(said.base_rate);
  const now = el("i", "outlook-now");
  now.style.left = percent(said.probability);
  scale.append(band, base, now);
  const net = said.expected_net_bp;
  const figures = el(
    "div",
    "outlook-figures",
    { title: text },
    `${(said.probability * 100).toFixed(1)} % up · base rate ${(said.base_rate * 100).toFixed(1)} % · `,
    `${said.n.toLocaleString("en")} cases · `,
    el(
      "span",
      "outlook-net",
      { "data-says": said.says },
      `net ${net < 0 ? "−" : "+"}${Math.abs(net).toFixed(2)} bp`,
    ),
  );
  return [head, scale, figures];
}

/** Position of a share on the scale, in percent. */
function percent(share: number): string {
  const [from, to] = SCALE;
  return `${Math.max(0, Math.min(1, (share - from) / (to - from))) * 100}%`;
}
