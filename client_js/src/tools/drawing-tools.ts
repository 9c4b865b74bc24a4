import type { Chart } from "../chart/chart";
import { Emitter } from "../chart/emitter";
import type { Drawing, DrawingKind } from "./drawing";
import { DrawingBook } from "./drawing-book";
import { DrawingLayer } from "./drawing-layer";
import { Editor } from "./editor";
import { FigureBoxes } from "./figure-box";
import { toolKey } from "./keys";

export interface DrawingToolsEvents {
  /** The tool, the selection, the magnet or a drawing of the chart's symbol has changed. */
  change: null;
}

/**
 * Draw on a chart: the drawings of its symbol in `book`, which may serve other charts, too. Layers
 * that are added later get the pointer first.
 */
export function drawingTools(chart: Chart, book = new DrawingBook()): DrawingTools {
  return new DrawingTools(chart, book);
}

/** The drawing tools of a chart. */
export class DrawingTools {
  private readonly editor: Editor;
  private readonly events = new Emitter<DrawingToolsEvents>(["change"]);
  private readonly stops: (() => void)[];
  private symbol: string;

  constructor(
    private readonly chart: Chart,
    readonly book: DrawingBook,
  ) {
    this.symbol = this.shownSymbol();
    this.editor = new Editor(
      book,
      () => this.shownSymbol(),
      () => this.changed(),
    );
    this.editor.magnet = chart.magnet;
    const { element } = chart;
    const boxes = new FigureBoxes(element.querySelector<HTMLElement>(".pane") ?? element);
    const layer = chart.addLayer(new DrawingLayer(this.editor, boxes));
    const onKey = (event: KeyboardEvent) => event.target === element && this.key(event);
    // Before the chart's own keys: arrows would pan.
    element.addEventListener("keydown", onKey, true);
    this.stops = [
      chart.on("crosshair", (point) => point !== null && this.editor.hover(point)),
      chart.on("source", () => this.sourceChanged()),
      chart.on("magnet", () => this.magnetChanged()),
      book.on("change", () => this.changed()),
      this.events.on("change", () => layer.redraw()),
      () => element.removeEventListener("keydown", onKey, true),
      () => layer.remove(),
      () => boxes.remove(),
    ];
  }

  /** The tool that the next press draws with; null to select and move. */
  get tool(): DrawingKind | null {
    return this.editor.tool;
  }

  /** The chart's magnet: true if new anchors go to the nearest price of their candle. */
  get magnet(): boolean {
    return this.chart.magnet;
  }

  set magnet(isOn: boolean) {
    this.chart.setMagnet(isOn);
  }

  /** The drawings of the chart's symbol. */
  get drawings(): readonly Drawing[] {
    return this.book.of(this.shownSymbol());
  }

  get selected(): Drawing | null {
    return this.editor.selected;
  }

  get canUndo(): boolean {
    return this.book.canUndo(this.shownSymbol());
  }

  get canRedo(): boolean {
    return this.book.canRedo(this.shownSymbol());
  }

  /** Choose a tool for the next drawing; null to select and move. */
  choose(tool: DrawingKind | null): void {
    this.editor.choose(tool);
  }

  /** Select a drawing by its id; null for none. */
  select(id: string | null): void {
    this.editor.select(id);
  }

  /** Remove the selected drawing; returns false if none is selected. */
  removeSelected(): boolean {
    return this.editor.removeSelected();
  }

  /** Remove all drawings of the chart's symbol. */
  clear(): void {
    this.book.clear(this.shownSymbol());
  }

  /** Take the last edit of the chart's symbol back; returns false if there is none. */
  undo(): boolean {
    this.editor.abandon();
    return this.book.undo(this.shownSymbol());
  }

  redo(): boolean {
    this.editor.abandon();
    return this.book.redo(this.shownSymbol());
  }

  /** Handle a key as the chart does while it has the focus; returns whether it meant something. */
  key(event: KeyboardEvent): boolean {
    const isDone = toolKey(event, this.editor, this);
    if (isDone) {
      event.preventDefault();
      event.stopPropagation();
    }
    return isDone;
  }

  /** Call `listener` at each event; returns a function that unsubscribes it. */
  on<E extends keyof DrawingToolsEvents>(
    event: E,
    listener: (told: DrawingToolsEvents[E]) => void,
  ): () => void {
    return this.events.on(event, listener);
  }

  /** Take the drawings off the chart; the book keeps them. */
  remove(): void {
    for (const stop of this.stops.splice(0)) stop();
    this.events.clear();
  }

  private shownSymbol(): string {
    return this.chart.symbol ?? "";
  }

  private sourceChanged(): void {
    this.editor.abandon();
    if (this.symbol !== this.shownSymbol()) this.editor.select(null);
    this.symbol = this.shownSymbol();
    this.changed();
  }

  private magnetChanged(): void {
    this.editor.magnet = this.chart.magnet;
    this.changed();
  }

  private changed(): void {
    this.events.emit("change", null);
  }
}
