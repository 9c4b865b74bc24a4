import { parseColor, type Rgb } from "../chart/color";
import type { Coordinates } from "../chart/coordinates";
import type { Point } from "../chart/crosshair";
import type { LayerFrame } from "../chart/layers";
import { LinePen, mix } from "../chart/line-pen";
import { packColor, type RectBatch } from "../chart/rect-batch";
import type { Drawing } from "./drawing";
import { pointOf } from "./places";

/** Width of a line and of a handle, in CSS pixels. */
const LINE_PX = 1.5;
const HANDLE_PX = 9;
/** Share of a drawing's colour in the ground of its area. */
const AREA_SHARE = 0.14;

/** Draw a drawing, with handles at its anchors if it is selected. */
export function paintDrawing(frame: LayerFrame, drawing: Drawing, isSelected: boolean): void {
  const brush = new Brush(frame, drawing);
  const points = drawing.anchors.map((anchor) => devicePoint(anchor, frame.coordinates));
  const [a, b] = points;
  if (drawing.kind === "horizontal") brush.horizontal(0, a.y, frame.width);
  else if (drawing.kind === "trend") brush.line(a, b);
  else brush.area(a, b);
  if (drawing.kind === "measure") brush.cross(a, b);
  if (isSelected) for (const point of points) brush.handle(point);
}

function devicePoint(anchor: Drawing["anchors"][number], coordinates: Coordinates): Point {
  const { x, y } = pointOf(anchor, coordinates);
  return { x: Math.round(x * coordinates.ratio), y: Math.round(y * coordinates.ratio) };
}

/** Draws the lines and areas of one drawing, in device pixels, within the pane. */
class Brush {
  private readonly thickness: number;
  private readonly rgb: Rgb;

  constructor(
    private readonly frame: LayerFrame,
    private readonly drawing: Drawing,
  ) {
    this.thickness = Math.max(Math.round(LINE_PX * frame.coordinates.ratio), 1);
    this.rgb = colorOf(drawing, frame);
  }

  line(a: Point, b: Point): void {
    const { over, width, height, palette } = this.frame;
    const [from, to] = a.x <= b.x ? [a, b] : [b, a];
    const end = Math.min(to.x, width);
    if (end < 0 || from.x > width) return;
    const row = to.x === end ? to.y : from.y + ((to.y - from.y) * (end - from.x)) / (to.x - from.x);
    const rows = { top: 0, bottom: height };
    const pen = new LinePen(over, rows, this.thickness, this.drawing.color, palette.background);
    pen.segment(from.x, from.y, end, row);
    pen.end();
  }

  horizontal(x: number, y: number, length: number): void {
    const { over } = this.frame;
    this.fill(over, x, y - (this.thickness >> 1), length, this.thickness, this.rgb);
  }

  /** The ground and the outline between two corners. */
  area(a: Point, b: Point): void {
    const [left, right] = [Math.min(a.x, b.x), Math.max(a.x, b.x)];
    const [top, bottom] = [Math.min(a.y, b.y), Math.max(a.y, b.y)];
    const { under, palette } = this.frame;
    const ground = mix(this.rgb, palette.background, AREA_SHARE);
    this.fill(under, left, top, right - left, bottom - top, ground);
    for (const y of [top, bottom]) this.horizontal(left, y, right - left);
    for (const x of [left, right]) this.vertical(x, top, bottom - top);
  }

  /** The lines of a measurement through the middle, each with a head where it ends. */
  cross(a: Point, b: Point): void {
    const middle = { x: (a.x + b.x) >> 1, y: (a.y + b.y) >> 1 };
    this.horizontal(Math.min(a.x, b.x), middle.y, Math.abs(a.x - b.x));
    this.vertical(middle.x, Math.min(a.y, b.y), Math.abs(a.y - b.y));
    this.head({ x: middle.x, y: b.y }, { x: 0, y: Math.sign(b.y - a.y) });
    this.head({ x: b.x, y: middle.y }, { x: Math.sign(b.x - a.x), y: 0 });
  }

  handle({ x, y }: Point): void {
    const { over, palette, coordinates } = this.frame;
    const size = Math.round(HANDLE_PX * coordinates.ratio);
    const [left, top] = [x - (size >> 1), y - (size >> 1)];
    const border = this.thickness;
    const inside = size - 2 * border;
    this.fill(over, left, top, size, size, this.rgb);
    this.fill(over, left + border, top + border, inside, inside, palette.background);
  }

  private vertical(x: number, y: number, length: number): void {
    const { over } = this.frame;
    this.fill(over, x - (this.thickness >> 1), y, this.thickness, length, this.rgb);
  }

  /** An arrow's head with its tip at a point, in a direction along an axis. */
  private head(tip: Point, direction: Point): void {
    if (direction.x === 0 && direction.y === 0) return;
    const { over, coordinates } = this.frame;
    const rows = Math.round(5 * coordinates.ratio);
    for (let k = 0; k < rows; k++) {
      const [x, y] = [tip.x - k * direction.x, tip.y - k * direction.y];
      if (direction.x === 0) this.fill(over, x - k, y, 2 * k + 1, 1, this.rgb);
      else this.fill(over, x, y - k, 1, 2 * k + 1, this.rgb);
    }
  }

  /** Fill the part of a rectangle that is on the pane. */
  private fill(batch: RectBatch, x: number, y: number, width: number, height: number, color: Rgb) {
    const [left, top] = [Math.max(x, 0), Math.max(y, 0)];
    const right = Math.min(x + width, this.frame.width);
    const bottom = Math.min(y + height, this.frame.height);
    if (left < right && top < bottom) {
      batch.push(left, top, right - left, bottom - top, packColor(color));
    }
  }
}

/** A measurement has the colour of a rise or a fall, any other drawing its own. */
function colorOf({ kind, anchors, color }: Drawing, { palette }: LayerFrame): Rgb {
  if (kind !== "measure") return parseColor(color);
  const [from, to] = anchors;
  return to.price >= from.price ? palette.up : palette.down;
}
