import { byId, el } from "../dom";
import type { Direction, SignalEvent } from "../feed/signals";
import { minute } from "../format/time";
import type { Zone } from "../format/zone";
import { Roving } from "../roving";
import { KeyedList } from "./keyed-list";
import { explain, FIGURES, headline, leaning, title, trend } from "./signal-text";
import { share } from "./words";

const KEPT = 40;
/** Range of the scale: a direction's probability is rarely outside it. */
const SCALE = [0.35, 0.65] as const;

/**
 * The models' signals for the selected symbol: the outlook on top, then the others, newest first.
 */
export class Signals {
  private readonly outlook = byId("signals-outlook");
  private readonly empty = byId("signals-empty");
  private readonly list: KeyedList<SignalEvent>;
  private readonly roving: Roving;
  private readonly figures: Roving;
  private zone: Zone = "utc";
  private direction: Direction | null = null;
  private others: SignalEvent[] = [];
  private stale = true;

  constructor() {
    const list = byId("signals-list");
    this.list = new KeyedList(
      list,
      ({ id }) => id,
      (signal) => item(signal, this.zone),
    );
    this.roving = new Roving(list, { items: ".signal-item" });
    this.figures = new Roving(this.outlook, { items: "[data-tip]" });
  }

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

  render(zone: Zone): void {
    if (!this.stale && zone === this.zone) return;
    this.stale = false;
    this.zone = zone;
    this.empty.hidden = this.direction !== null || this.others.length > 0;
    this.outlook.hidden = this.direction === null;
    if (this.direction !== null) this.outlook.replaceChildren(...card(this.direction, zone));
    this.list.show(this.others, () => zone);
    this.roving.refresh();
    this.figures.refresh();
  }
}

function isDirection(signal: SignalEvent): signal is { event: "signal" } & Direction {
  return signal.event === "signal" && signal.kind === "direction";
}

function item(signal: SignalEvent, zone: Zone): HTMLElement {
  const time = el("time", "signal-time", {}, minute(signal.timestamp, zone));
  const name = el("span", "signal-name", {}, title(signal));
  const look = { "data-event": signal.event, "data-trend": trend(signal) };
  const about = { type: "button", "data-tip": explain(signal), "data-explains": "" };
  return el("li", "", {}, el("button", "signal-item", { ...about, ...look }, time, name));
}

/**
 * The outlook's card: its probability on a scale, with the confidence interval and the usual share.
 */
function card(said: Direction, zone: Zone): HTMLElement[] {
  const text = explain({ event: "signal", ...said });
  const when = `next ${said.horizon}, from ${minute(said.timestamp, zone)}`;
  const head = el(
    "button",
    "outlook-head",
    { type: "button", "data-tip": text, "data-explains": "" },
    el("b", "outlook-says", { "data-says": leaning(said) }, headline(said)),
    el("span", "outlook-horizon", {}, when),
  );
  const net = said.expected_net_bp;
  const signed = `${net < 0 ? "−" : "+"}${Math.abs(net).toFixed(2)} bp`;
  const figures = el(
    "div",
    "outlook-figures",
    {},
    figure(`${share(said.probability)} up`, "forecast"),
    figure(`${share(said.base_rate)} usual`, "usual"),
    figure(`${said.n.toLocaleString("en")} cases`, "cases"),
    figure(`${signed} after costs`, "net"),
  );
  return [head, scale(said, text), figures];
}

function figure(text: string, of: keyof typeof FIGURES): HTMLElement {
  const about = { type: "button", "data-tip": FIGURES[of], "data-explains": "" };
  return el("button", `outlook-figure outlook-${of}`, about, text);
}

function scale({ interval: [low, high], base_rate, probability }: Direction, text: string) {
  const element = el("div", "outlook-scale", { role: "img", "aria-label": text });
  const band = el("i", "outlook-band");
  band.style.left = percent(low);
  band.style.right = `calc(100% - ${percent(high)})`;
  const base = el("i", "outlook-base");
  base.style.left = percent(base_rate);
  const now = el("i", "outlook-now");
  now.style.left = percent(probability);
  element.append(band, base, now);
  return element;
}

/** Position of a share on the scale, in percent. */
function percent(value: number): string {
  const [from, to] = SCALE;
  return `${Math.max(0, Math.min(1, (value - from) / (to - from))) * 100}%`;
}
