import { el, setText } from "../dom";

/** A label as placed: its middle in CSS pixels of the pane. */
export interface PlacedLabel {
  y: number;
  text: string;
  color: string;
}

/** Labels of layers on the price axis: elements, like the crosshair's. */
export class PriceLabels {
  private readonly elements: HTMLElement[] = [];

  constructor(private readonly parent: HTMLElement) {}

  show(labels: readonly PlacedLabel[]): void {
    labels.forEach((label, k) => {
      place(this.element(k), label);
    });
    for (const element of this.elements.slice(labels.length)) element.hidden = true;
  }

  private element(k: number): HTMLElement {
    const known = this.elements[k];
    if (known !== undefined) return known;
    const made = el("div", "axis-label label-line", { "aria-hidden": "true" });
    this.elements.push(made);
    this.parent.append(made);
    return made;
  }
}

function place(element: HTMLElement, { y, text, color }: PlacedLabel): void {
  element.hidden = false;
  setText(element, text);
  const transform = `translate(0px, ${y}px)`;
  const { style } = element;
  if (style.transform !== transform) style.transform = transform;
  if (style.getPropertyValue("--color") !== color) style.setProperty("--color", color);
}
