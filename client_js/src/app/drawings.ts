import type { Chart } from "../chart/chart";
import { DrawingBook } from "../tools/drawing-book";
import { drawingTools } from "../tools/drawing-tools";
import { DrawingPanel } from "./drawing-panel";
import { followKept } from "./kept-book";
import { remember } from "./settings";
import type { Toasts } from "./toasts";

/** The page's drawings: kept in this browser, made on the chart with the tools of the Draw panel. */
export class Drawings {
  private readonly panel: DrawingPanel;

  constructor(chart: Chart, toasts: Toasts) {
    const book = new DrawingBook();
    this.panel = new DrawingPanel(chart, drawingTools(chart, book), toasts);
    book.on("change", () => remember("drawings", book.write()));
    followKept("drawings", book, toasts);
  }

  openPanel(): void {
    this.panel.open();
  }
}
