import { el, setData, setHidden, setText } from "../dom";
import { compact, percent } from "../format/decimal";
import type { CandleStore } from "../store/candle-store";

const PARTS = ["O", "H", "L", "C", "V"] as const;

/**
 * The legend in the chart's corner: figures of the candle under the crosshair, or of the newest.
 */
export class Legend {
  readonly element: HTMLElement;
  private readonly title = el("span", "legend-title");
  private readonly values = PARTS.map(() => el("span", "legend-value"));
  private readonly change = el("span", "legend-value");

  constructor() {
    const pairs = PARTS.map((part, index) =>
      el("span", "legend-pair", {}, el("span", "legend-key", {}, part), this.values[index]),
    );
    this.element = el("div", "legend", {}, this.title, ...pairs, this.change);
  }

  setTitle(title: string): void {
    setText(this.title, title);
  }

  show(store: CandleStore, index: number): void {
    if (setHidden(this.element, index < 0 || index >= store.count)) return;
    const { open, high, low, close, volume } = store;
    const prices = [open, high, low, close].map((column) => store.format(column.at(index)));
    [...prices, compact(volume.at(index))].forEach((text, part) => {
      setText(this.values[part], text);
    });
    const before = index > 0 ? close.at(index - 1) : open.at(index);
    setText(
      this.change,
      before === 0 ? "" : percent((close.at(index) - before) / Math.abs(before)),
    );
    setData(this.element, "trend", close.at(index) >= open.at(index) ? "up" : "down");
  }
}
