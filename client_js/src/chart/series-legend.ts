import { el, setText } from "../dom";
import type { Rgb } from "./color";
import { legible } from "./legible";

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

  /** Show readings on a ground of a colour. */
  show(readings: readonly Reading[], ground: Rgb): void {
    const lines = readings.map(({ title, values }) => [
      title,
      ...values.map(({ label, color }) => [label, color]),
    ]);
    const shape = JSON.stringify([ground, ...lines]);
    if (shape !== this.shape) {
      this.shape = shape;
      this.build(readings, ground);
    }
    const texts = readings.flatMap(({ values }) => values.map(({ text }) => text));
    texts.forEach((text, index) => void setText(this.texts[index], text));
  }

  private build(readings: readonly Reading[], ground: Rgb): void {
    this.texts = [];
    this.element.replaceChildren(...readings.map((reading) => this.line(reading, ground)));
  }

  private line({ title, values }: Reading, ground: Rgb): HTMLElement {
    const line = el("div", "series-line", {}, el("span", "series-title", {}, title));
    for (const { label, color } of values) {
      const text = el("span", "series-value");
      // Set as a property: the content security policy forbids style attributes.
      text.style.color = legible(color, ground);
      this.texts.push(text);
      if (label !== "") line.append(el("span", "legend-key", {}, label));
      line.append(text);
    }
    return line;
  }
}
