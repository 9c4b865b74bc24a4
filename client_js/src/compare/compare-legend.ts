import { el, setText } from "../dom";

/** The size of a remove button in CSS pixels, and how far it reaches into what surrounds it. */
const BUTTON = { size: 24, reach: 4, gap: 2 };
const BUTTON_TOUCH = { size: 44, reach: 13, gap: 22 };

/** One compared symbol as the legend tells it. */
export interface Entry {
  symbol: string;
  color: string;
  /** Its change. */
  text: string;
}

/** The compared symbols in a chart's legend: colour, name, change, and a button that removes it. */
export class CompareLegend {
  private readonly element = el("ul", "compare-legend", { "aria-label": "Compared symbols" });
  private readonly button = matchMedia("(pointer: coarse)").matches ? BUTTON_TOUCH : BUTTON;
  private shape = "";
  private texts: HTMLElement[] = [];

  constructor(
    parent: HTMLElement,
    private readonly onRemove: (symbol: string) => void,
  ) {
    Object.assign(this.element.style, {
      display: "flex",
      flex: "0 0 100%",
      flexWrap: "wrap",
      gap: `${this.button.gap}px 12px`,
      margin: "0",
      padding: "0",
      listStyle: "none",
    });
    parent.append(this.element);
  }

  show(entries: readonly Entry[]): void {
    const shape = JSON.stringify(entries.map(({ symbol, color }) => [symbol, color]));
    if (shape !== this.shape) this.build(entries, shape);
    entries.forEach(({ text }, k) => void setText(this.texts[k], text));
  }

  remove(): void {
    this.element.remove();
  }

  private build(entries: readonly Entry[], shape: string): void {
    const focused = [...this.element.children].findIndex((each) => each.matches(":focus-within"));
    this.shape = shape;
    this.texts = [];
    this.element.replaceChildren(...entries.map((entry) => this.entry(entry)));
    this.element.hidden = entries.length === 0;
    if (focused === -1) return;
    // The focus goes on to the next button, or else to the chart.
    const buttons = this.element.querySelectorAll("button");
    const chart = this.element.closest<HTMLElement>("[tabindex]");
    (buttons[Math.min(focused, buttons.length - 1)] ?? chart)?.focus();
  }

  private entry({ symbol, color }: Entry): HTMLElement {
    const swatch = el("span", "", { "aria-hidden": "true" });
    Object.assign(swatch.style, { width: "10px", height: "3px", background: color });
    const name = el("span", "series-title", {}, symbol);
    const text = el("span", "compare-change");
    this.texts.push(text);
    const entry = el("li", "", { "data-symbol": symbol }, swatch, name, text, this.remover(symbol));
    Object.assign(entry.style, { display: "flex", alignItems: "center", gap: "6px" });
    text.style.color = "var(--chart-text)";
    return entry;
  }

  private remover(symbol: string): HTMLElement {
    const { size, reach } = this.button;
    const label = `Stop comparing ${symbol}`;
    const button = el("button", "", { type: "button", "aria-label": label, title: label }, "✕");
    Object.assign(button.style, {
      width: `${size}px`,
      height: `${size}px`,
      margin: `${-reach}px ${-reach}px ${-reach}px -6px`,
      padding: "0",
      border: "0",
      background: "none",
      color: "inherit",
      font: "inherit",
      cursor: "pointer",
      pointerEvents: "auto",
    });
    // A press on it is none on the pane, and its keys are not the chart's.
    for (const type of ["pointerdown", "dblclick"]) {
      button.addEventListener(type, (event) => event.stopPropagation());
    }
    button.addEventListener("click", () => this.onRemove(symbol));
    return button;
  }
}
