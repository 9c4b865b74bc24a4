import type { Chart } from "../chart/chart";
import { byId, el, setData } from "../dom";
import { Roving } from "../roving";
import type { DrawingKind } from "../tools/drawing";
import type { DrawingTools } from "../tools/drawing-tools";
import { DrawingExchange } from "./drawing-exchange";
import { releaseFocusOnClose, showExpanded } from "./popover";
import type { Toasts } from "./toasts";

const TOOLS: readonly (readonly [DrawingKind | null, string])[] = [
  [null, "Select"],
  ["trend", "Trend line"],
  ["horizontal", "Horizontal line"],
  ["rectangle", "Rectangle"],
  ["measure", "Measure"],
];

const HINT =
  "Draw by a drag, or click by click. On the chart, arrow keys move the next end and Enter places it.";

/** The panel of the drawing tools. */
export class DrawingPanel {
  private readonly button = byId("draw");
  private readonly panel = byId("drawing-panel");
  private readonly tools = TOOLS.map(([tool, name]) => ({
    tool,
    button: this.makeButton(name, () => this.choose(tool)),
  }));
  private readonly magnet = this.makeButton("Magnet", () => {
    this.drawing.magnet = !this.drawing.magnet;
  });
  private readonly edits = [
    {
      button: this.makeButton("Undo", () => this.drawing.undo()),
      isPossible: () => this.drawing.canUndo,
    },
    {
      button: this.makeButton("Redo", () => this.drawing.redo()),
      isPossible: () => this.drawing.canRedo,
    },
    {
      button: this.makeButton("Delete", () => this.drawing.removeSelected()),
      isPossible: () => this.drawing.selected !== null,
    },
    {
      button: this.makeButton("Clear", () => this.drawing.clear()),
      isPossible: () => this.drawing.drawings.length > 0,
    },
  ];

  constructor(
    private readonly chart: Chart,
    private readonly drawing: DrawingTools,
    toasts: Toasts,
  ) {
    const exchange = new DrawingExchange(chart, drawing, toasts, this.panel);
    this.magnet.dataset["tip"] =
      "Crosshair and ends go to the nearest open, high, low or close (key M)";
    this.tools[0].button.setAttribute("autofocus", "");
    const groups = [
      group("Tools", ...this.tools.map(({ button }) => button), this.magnet),
      group("Edit", ...this.edits.map(({ button }) => button)),
      group("Copies", ...exchange.buttons),
    ];
    const toolbar = el("div", "", { role: "toolbar", "aria-label": "Drawing" }, ...groups);
    this.panel.append(toolbar, el("p", "drawing-hint", {}, HINT));
    new Roving(toolbar, { items: ".tool-button" });
    releaseFocusOnClose(this.panel);
    showExpanded(this.button, this.panel);
    this.panel.addEventListener("beforetoggle", ({ newState }) => {
      if (newState === "open") this.render();
    });
    drawing.on("change", () => this.changed());
    this.changed();
  }

  open(): void {
    this.panel.showPopover();
  }

  /** Choose a tool, and go on to the chart, whose keys place the ends. */
  private choose(tool: DrawingKind | null): void {
    this.drawing.choose(tool);
    this.panel.hidePopover();
    this.chart.element.focus();
  }

  private changed(): void {
    const { length } = this.drawing.drawings;
    setData(this.button, "count", length > 0 ? String(length) : "");
    if (this.panel.matches(":popover-open")) this.render();
  }

  private render(): void {
    for (const { tool, button } of this.tools) press(button, tool === this.drawing.tool);
    press(this.magnet, this.drawing.magnet);
    for (const { button, isPossible } of this.edits) {
      // Disabled, it would lose the focus to the page.
      button.setAttribute("aria-disabled", String(!isPossible()));
    }
  }

  private makeButton(name: string, run: () => void): HTMLButtonElement {
    const button = el("button", "tool-button", { type: "button" }, name);
    button.addEventListener("click", run);
    return button;
  }
}

function group(label: string, ...buttons: HTMLElement[]): HTMLElement {
  return el("div", "drawing-group", { role: "group", "aria-label": label }, ...buttons);
}

function press(button: HTMLElement, isOn: boolean): void {
  button.setAttribute("aria-pressed", String(isOn));
}
