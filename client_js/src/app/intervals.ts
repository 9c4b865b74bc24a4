import { byId, el } from "../dom";
import { INTERVALS, type Interval, isInterval } from "../store/intervals";

/** The interval buttons; digit keys select an interval too. */
export class IntervalButtons {
  private readonly buttons = new Map<Interval, HTMLButtonElement>();

  constructor(onSelect: (interval: Interval) => void) {
    Object.keys(INTERVALS).forEach((name, index) => {
      if (!isInterval(name)) return;
      const button = el("button", "", { type: "button", title: `${name} (${index + 1})` }, name);
      button.addEventListener("click", () => onSelect(name));
      this.buttons.set(name, button);
    });
    byId("intervals").replaceChildren(...this.buttons.values());
  }

  /** The interval of a digit key; undefined for other keys. */
  byKey(key: string): Interval | undefined {
    return [...this.buttons.keys()][Number.parseInt(key, 10) - 1];
  }

  setSelected(interval: Interval): void {
    for (const [name, button] of this.buttons) {
      button.setAttribute("aria-pressed", String(name === interval));
    }
  }
}
