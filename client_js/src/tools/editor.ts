import type { Coordinates } from "../chart/coordinates";
import type { Point } from "../chart/crosshair";
import type { Drag } from "../chart/layers";
import type { Anchor, Drawing, DrawingKind } from "./drawing";
import type { DrawingBook } from "./drawing-book";
import { type Hit, hitAt, type Reach } from "./hit";
import { anchorAt, moved, priceAbove, type Shift, shiftBetween } from "./places";
import { Sketch } from "./sketch";

/** Reach of the pointer by mouse or pen, and by a finger. */
export const MOUSE: Reach = { line: 6, handle: 9 };
export const TOUCH: Reach = { line: 16, handle: 22 };

/** A press that moves less than this is a click, in CSS pixels. */
const CLICK_PX = 4;
/** Pixels by which an arrow key moves, at least a tick. */
const KEY_PX = 4;

/**
 * Makes, selects and changes the drawings of one symbol, by points of the pane and by steps. Changes
 * are kept in the book when they are complete, so that each is one edit to undo.
 */
export class Editor {
  /** The kind of drawing that the next press begins; null to select. */
  tool: DrawingKind | null = null;
  magnet = false;
  /** Conversions as of the last frame; null before the first. */
  coordinates: Coordinates | null = null;
  private selectedId: string | null = null;
  private sketch: Sketch | null = null;
  /** The selected drawing while it is being moved. */
  private draft: Drawing | null = null;
  private drag: Drag | null = null;

  constructor(
    private readonly book: DrawingBook,
    private readonly symbol: () => string,
    private readonly onChange: () => void,
  ) {}

  /** The drawings as they are to be shown, the one in the making last. */
  get shown(): Drawing[] {
    const { draft, sketch } = this;
    const kept = this.book.of(this.symbol());
    const drawings = kept.map((each) => (each.id === draft?.id ? draft : each));
    return sketch === null ? drawings : [...drawings, sketch.preview()];
  }

  /** The selected drawing as it is shown; null if there is none. */
  get selected(): Drawing | null {
    const { sketch, draft, selectedId } = this;
    if (sketch !== null) return null;
    return draft ?? this.book.of(this.symbol()).find(({ id }) => id === selectedId) ?? null;
  }

  /** The drawing that shows its handles: the one in the making, or the selected one. */
  get active(): Drawing | null {
    return this.sketch?.preview() ?? this.selected;
  }

  choose(tool: DrawingKind | null): void {
    this.tool = tool;
    this.sketch = null;
    if (tool !== null) this.selectedId = null;
    this.onChange();
  }

  select(id: string | null): void {
    this.selectedId = id;
    this.onChange();
  }

  /** Leave what is unfinished: the chart shows another symbol, for instance. */
  abandon(): void {
    this.sketch = null;
    this.draft = null;
    this.drag = null;
  }

  /** The part of a drawing at a point; null while a tool is chosen. */
  hit(at: Point, reach: Reach): Hit | null {
    const { coordinates } = this;
    if (coordinates === null || this.tool !== null) return null;
    return hitAt(at, this.shown, this.selected, coordinates, reach);
  }

  press(at: Point, reach: Reach): Drag | null {
    const { coordinates, tool } = this;
    if (coordinates === null || coordinates.store.count === 0) return null;
    const drag = tool === null ? this.grab(at, reach) : this.draw(at, tool);
    this.drag = drag;
    this.onChange();
    return drag && this.whileCurrent(drag);
  }

  /** The pointer or the crosshair is at a point: the next anchor follows. */
  hover(at: Point): void {
    const { sketch } = this;
    if (sketch === null || this.drag !== null) return;
    sketch.next = this.anchorAt(at);
    this.onChange();
  }

  /** Move the next anchor, or the selected drawing, by candles and steps of price. */
  step(candles: number, steps: number): boolean {
    const { coordinates, selected } = this;
    if (coordinates === null || coordinates.store.count === 0) return false;
    const shiftOf = (anchor: Anchor): Shift => ({
      candles,
      price: steps === 0 ? 0 : priceAbove(anchor, steps * KEY_PX, coordinates) - anchor.price,
    });
    if (this.tool !== null) {
      const sketch = this.sketch ?? this.begin(this.tool, newest(coordinates));
      sketch.next = moved(sketch.next, shiftOf(sketch.next), coordinates);
      this.onChange();
      return true;
    }
    if (selected === null) return false;
    const shift = shiftOf(selected.anchors[0]);
    this.book.change(selected.id, {
      anchors: selected.anchors.map((anchor) => moved(anchor, shift, coordinates)),
    });
    return true;
  }

  /** Place the next anchor, by key; returns false without a tool. */
  place(): boolean {
    const { coordinates, tool } = this;
    if (coordinates === null || coordinates.store.count === 0 || tool === null) return false;
    if (this.sketch === null) this.begin(tool, newest(coordinates));
    else this.placeNext(this.sketch);
    this.onChange();
    return true;
  }

  /** Give up one thing: a movement, a drawing in the making, the tool or the selection. */
  cancel(): boolean {
    const { tool, draft, sketch } = this;
    const had = tool !== null || draft !== null || sketch !== null || this.selectedId !== null;
    if (draft === null) this.selectedId = null;
    this.abandon();
    this.tool = null;
    if (had) this.onChange();
    return had;
  }

  /** Remove the selected drawing; returns false if there is none. */
  removeSelected(): boolean {
    const { selected } = this;
    this.draft = null;
    return selected !== null && this.book.remove(selected.id);
  }

  private anchorAt(at: Point): Anchor {
    return anchorAt(at, this.lastCoordinates(), this.magnet);
  }

  private lastCoordinates(): Coordinates {
    if (this.coordinates === null) throw new Error("nothing has been drawn yet");
    return this.coordinates;
  }

  private begin(kind: DrawingKind, next: Anchor): Sketch {
    this.sketch = new Sketch(kind, next);
    return this.sketch;
  }

  /** Draw by a press: dragged from one anchor to the other, or clicked one by one. */
  private draw(at: Point, tool: DrawingKind): Drag {
    const isFirst = this.sketch === null;
    const sketch = this.sketch ?? this.begin(tool, this.anchorAt(at));
    const move = (to: Point): void => {
      sketch.next = this.anchorAt(to);
    };
    move(at);
    if (isFirst && !sketch.isLast) sketch.place();
    return {
      move,
      end: (to, cancelled) => {
        const isClick = distance(at, to) < CLICK_PX;
        if (cancelled) this.sketch = null;
        else if (!(isFirst && isClick) || sketch.anchors.length === 1) this.placeNext(sketch);
      },
    };
  }

  /** Place the next anchor; the last one completes the drawing. */
  private placeNext(sketch: Sketch): void {
    if (sketch.isPoint) return;
    if (!sketch.isLast) {
      sketch.place();
      return;
    }
    const { kind, anchors } = sketch;
    this.sketch = null;
    this.tool = null;
    this.selectedId = this.book.add({ symbol: this.symbol(), kind, anchors }).id;
  }

  /** Select by a press, and move a drawing or one of its anchors. */
  private grab(at: Point, reach: Reach): Drag | null {
    const hit = this.hit(at, reach);
    this.selectedId = hit?.drawing.id ?? null;
    if (hit === null) return null;
    const { drawing, anchor } = hit;
    const move = (to: Point): void => {
      if (this.draft === null && distance(at, to) < CLICK_PX) return;
      const now = this.lastCoordinates();
      const shift = shiftBetween(at, to, now);
      const anchors = drawing.anchors.map((each, k) => {
        if (anchor === null) return moved(each, shift, now);
        return k === anchor ? this.anchorAt(to) : each;
      });
      this.draft = { ...drawing, anchors };
    };
    return {
      move,
      end: (_, cancelled) => {
        const { draft } = this;
        this.draft = null;
        if (draft !== null && !cancelled) this.book.change(draft.id, { anchors: draft.anchors });
      },
    };
  }

  /** The drag as the chart gets it: without effect once it has been given up. */
  private whileCurrent(drag: Drag): Drag {
    return {
      move: (to) => {
        if (this.drag !== drag) return;
        drag.move(to);
        this.onChange();
      },
      end: (to, cancelled) => {
        if (this.drag !== drag) return;
        this.drag = null;
        drag.end(to, cancelled);
        this.onChange();
      },
    };
  }
}

/** The newest candle's close: where keys begin. */
function newest({ store }: Coordinates): Anchor {
  const last = store.count - 1;
  return { time: store.time[last], price: store.close.at(last) / 10 ** store.decimals };
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
