import { el, setData, setText } from "../dom";
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
    this.element.hidden = index < 0 || index >= store.count;
    if (this.element.hidden) return;
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

/** The legend's text for one series: its title, and a coloured reading for each plot. */
export interface Reading {
  title: string;
  values: { label: string; text: string; color: string }[];
}

/** Readings of all series at the candle under the crosshair, one line for each series. */
export class SeriesLegend {
  readonly element = el("div", "series-legend");
  private shape = "";
  private texts: HTMLElement[] = [];

  show(readings: readonly Reading[]): void {
    const shape = JSON.stringify(
      readings.map(({ title, values }) => [title, ...values.map((v) => [v.label, v.color])]),
    );
    if (shape !== this.shape) this.build(readings, shape);
    const texts = readings.flatMap(({ values }) => values.map(({ text }) => text));
    texts.forEach((text, index) => void setText(this.texts[index], text));
  }

  private build(readings: readonly Reading[], shape: string): void {
    this.shape = shape;
    this.texts = [];
    this.element.replaceChildren(...readings.map((reading) => this.line(reading)));
  }

  private line({ title, values }: Reading): HTMLElement {
    const line = el("div", "series-line", {}, el("span", "series-title", {}, title));
    for (const { label, color } of values) {
      const text = el("span", "series-value");
      // Set as a property: the content security policy forbids style attributes.
      text.style.color = color;
      this.texts.push(text);
      if (label !== "") line.append(el("span", "legend-key", {}, label));
      line.append(text);
    }
    return line;
  }
}
