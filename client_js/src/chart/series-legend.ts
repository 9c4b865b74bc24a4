import { el, setText } from "../dom";

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
