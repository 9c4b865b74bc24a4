import { byId, el } from "../dom";
import { Roving } from "../roving";
import { INTERVALS } from "../schema";
import { type Interval, isInterval } from "../store/intervals";

/** The span of a candle, by interval. */
const NAMES: Record<Interval, string> = {
  "1s": "A second a candle",
  "1m": "A minute a candle",
  "5m": "Five minutes a candle",
  "15m": "A quarter of an hour a candle",
  "1h": "An hour a candle",
  "1d": "A trading day a candle",
  "1w": "A week a candle",
};

/** The interval buttons; digit keys select an interval too. */
export class IntervalButtons {
  private readonly buttons = new Map<Interval, HTMLButtonElement>();
  private readonly roving: Roving;

  constructor(onSelect: (interval: Interval) => void) {
    Object.keys(INTERVALS).forEach((name, index) => {
      if (!isInterval(name)) return;
      const tip = `${NAMES[name]} (key ${index + 1})`;
      const button = el("button", "", { type: "button", "data-tip": tip }, name);
      button.addEventListener("click", () => onSelect(name));
      this.buttons.set(name, button);
    });
    const group = byId("intervals");
    group.replaceChildren(...this.buttons.values());
    this.roving = new Roving(group, { items: "button" });
  }

  /** The interval of a digit key; undefined for other keys. */
  byKey(key: string): Interval | undefined {
    return [...this.buttons.keys()][Number.parseInt(key, 10) - 1];
  }

  setSelected(interval: Interval): void {
    for (const [name, button] of this.buttons) {
      button.setAttribute("aria-pressed", String(name === interval));
      if (name === interval) this.roving.setCurrent(button);
    }
  }
}
