import { ElementPool, el, moveTo, setText } from "../dom";
import { cssColor, parseColor } from "./color";
import { inkOn } from "./contrast";
import type { Coordinates } from "./coordinates";
import type { PriceLabel } from "./layers";

/** Labels of layers on the price axis: elements, like the crosshair's. */
export class PriceLabels {
  private readonly pool: ElementPool;

  constructor(parent: HTMLElement) {
    this.pool = new ElementPool(() =>
      parent.appendChild(el("div", "axis-label label-line", { "aria-hidden": "true" })),
    );
  }

  /** Show those of the prices in sight. */
  show(labels: readonly PriceLabel[], coordinates: Coordinates): void {
    const height = coordinates.geometry.height / coordinates.ratio;
    const placed = labels
      .map((label) => ({ ...label, y: coordinates.priceToY(label.price) }))
      .filter(({ y }) => y >= 0 && y <= height);
    this.pool.show(placed, (element, { y, price, text, color }) => {
      setText(element, text ?? String(price));
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
