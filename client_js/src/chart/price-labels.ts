import { ElementPool, el, moveTo, setText } from "../dom";

/** A label as placed: its middle in CSS pixels of the pane. */
export interface PlacedLabel {
  y: number;
  text: string;
  color: string;
}

/** Labels of layers on the price axis: elements, like the crosshair's. */
export class PriceLabels {
  private readonly pool: ElementPool;

  constructor(parent: HTMLElement) {
    this.pool = new ElementPool(() =>
      parent.appendChild(el("div", "axis-label label-line", { "aria-hidden": "true" })),
    );
  }

  show(labels: readonly PlacedLabel[]): void {
    this.pool.show(labels, (element, { y, text, color }) => {
      setText(element, text);
      moveTo(element, 0, y);
      const { style } = element;
      if (style.getPropertyValue("--color") !== color) style.setProperty("--color", color);
    });
  }
}
