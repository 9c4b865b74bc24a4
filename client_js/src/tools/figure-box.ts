import { el, setText } from "../dom";

const WIDTH_PX = 168;
const LINE_PX = 16;
const PADDING_PX = 5;
/** Distance of a box from what it belongs to. */
const GAP_PX = 8;

/** Lines of text in a box on the pane. */
export interface FigureText {
  /** The middle of the box's edge that faces `y`, in CSS pixels of the pane. */
  x: number;
  y: number;
  side: "above" | "below";
  lines: readonly string[];
}

/** Boxes with the figures of measurements: elements, as a renderer draws no text. */
export class FigureBoxes {
  private readonly elements: HTMLElement[] = [];

  constructor(private readonly parent: HTMLElement) {}

  /** Show texts on a pane of a size in CSS pixels, within which they stay. */
  show(texts: readonly FigureText[], pane: { width: number; height: number }): void {
    texts.forEach((text, k) => {
      this.elements[k] ??= this.make();
      place(this.elements[k], text, pane);
    });
    for (const element of this.elements.slice(texts.length)) element.hidden = true;
  }

  remove(): void {
    for (const element of this.elements.splice(0)) element.remove();
  }

  private make(): HTMLElement {
    const made = el("div", "figure-box", { role: "note" });
    Object.assign(made.style, {
      position: "absolute",
      zIndex: "2",
      top: "0",
      left: "0",
      contain: "content",
      width: `${WIDTH_PX}px`,
      padding: `${PADDING_PX}px`,
      borderRadius: "4px",
      background: "var(--chart-label)",
      color: "var(--chart-on-label)",
      fontSize: "11px",
      lineHeight: `${LINE_PX}px`,
      pointerEvents: "none",
      textAlign: "center",
      whiteSpace: "pre",
    });
    this.parent.append(made);
    return made;
  }
}

function place(
  element: HTMLElement,
  { x, y, side, lines }: FigureText,
  pane: { width: number; height: number },
): void {
  element.hidden = false;
  while (element.children.length < lines.length) element.append(el("div"));
  [...element.children].forEach((child, k) => {
    setText(child as HTMLElement, lines[k] ?? "");
  });
  const height = lines.length * LINE_PX + 2 * PADDING_PX;
  const left = within(x - WIDTH_PX / 2, pane.width - WIDTH_PX);
  const top = within(side === "above" ? y - GAP_PX - height : y + GAP_PX, pane.height - height);
  const transform = `translate(${left}px, ${top}px)`;
  if (element.style.transform !== transform) element.style.transform = transform;
}

function within(value: number, most: number): number {
  return Math.max(Math.min(Math.round(value), Math.floor(most)), 0);
}
