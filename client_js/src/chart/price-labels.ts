import { ElementPool, el, moveTo, setText } from "../dom";
import { cssColor, parseColor } from "./color";
import { inkOn } from "./contrast";

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
      paint(element, color);
    });
  }
}

function paint({ style }: HTMLElement, color: string): void {
  if (style.getPropertyValue("--color") === color) return;
  style.setProperty("--color", color);
  style.setProperty("--ink", cssColor(inkOn(parseColor(color))));
}
