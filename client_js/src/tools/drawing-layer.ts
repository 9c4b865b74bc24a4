import type { Coordinates } from "../chart/coordinates";
import type { Point } from "../chart/crosshair";
import type { ChartLayer, Drag, LayerFrame, PriceLabel } from "../chart/layers";
import type { Drawing } from "./drawing";
import { type Editor, MOUSE, TOUCH } from "./editor";
import type { FigureBoxes, FigureText } from "./figure-box";
import { figureLines, figuresOf } from "./figures";
import { paintDrawing } from "./paint";
import { pointOf } from "./places";

/** Shows an editor's drawings on the candles' pane, and passes the pointer to it. */
export class DrawingLayer implements ChartLayer {
  constructor(
    private readonly editor: Editor,
    private readonly boxes: Pick<FigureBoxes, "show">,
  ) {}

  draw(frame: LayerFrame): void {
    const { editor } = this;
    editor.coordinates = frame.coordinates;
    this.showFigures(frame);
    if (frame.coordinates.store.count === 0) return;
    const { active, shown } = editor;
    const others = shown.filter(({ id }) => id !== active?.id);
    for (const drawing of others) paintDrawing(frame, drawing, false);
    if (active !== null) paintDrawing(frame, active, true);
  }

  /** The prices of horizontal lines, and of what is selected or in the making. */
  priceLabels(): PriceLabel[] {
    const { active, shown } = this.editor;
    return shown
      .filter(({ id, kind }) => kind === "horizontal" || id === active?.id)
      .flatMap(({ anchors, color }) =>
        anchors.map(({ price }) => ({ price, color, text: this.format(price) })),
      );
  }

  cursorAt(at: Point): string | null {
    const { editor } = this;
    if (editor.tool !== null) return "crosshair";
    const hit = editor.hit(at, MOUSE);
    if (hit === null) return null;
    return hit.anchor === null ? "pointer" : "move";
  }

  press(at: Point, { pointerType }: PointerEvent): Drag | null {
    return this.editor.press(at, pointerType === "touch" ? TOUCH : MOUSE);
  }

  private format(price: number): string {
    const { store } = this.editor.coordinates ?? {};
    return store === undefined ? "" : store.format(Math.round(price * 10 ** store.decimals));
  }

  /** Show the figures of the measurements. */
  private showFigures({ coordinates, width, height }: LayerFrame): void {
    const measured = this.editor.shown.filter(({ kind }) => kind === "measure");
    const texts =
      coordinates.store.count === 0 ? [] : measured.map((each) => textOf(each, coordinates));
    const { ratio } = coordinates;
    this.boxes.show(texts, { width: width / ratio, height: height / ratio });
  }
}

function textOf({ anchors }: Drawing, coordinates: Coordinates): FigureText {
  const { store, intervalMs } = coordinates;
  const [from, to] = anchors.map((anchor) => pointOf(anchor, coordinates));
  return {
    x: (from.x + to.x) / 2,
    y: to.y,
    side: to.y <= from.y ? "above" : "below",
    lines: figureLines(figuresOf(store, anchors, intervalMs), store.decimals),
  };
}
