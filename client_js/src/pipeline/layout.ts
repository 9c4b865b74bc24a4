/** Places of the nodes and courses of the ways between them, for a width. Pure, in CSS pixels. */
import { NODES } from "./stages";

export type Shape = "row" | "rows" | "column";

export interface Point {
  x: number;
  y: number;
}

export interface Box extends Point {
  width: number;
  height: number;
}

export interface Layout {
  shape: Shape;
  height: number;
  /** A box for each of `NODES`. */
  boxes: Box[];
  /** The way from each node to the next, as the corners of a line. */
  ways: Point[][];
  /** Starts of the labels of the two machines. */
  labels: { server: Point; browser: Point };
}

const ROW_FROM = 1500;
const ROWS_FROM = 600;
const LABEL = 26;
const CARD = 116;
const LINE = 68;
/** Nodes on the server's side; the others are in the browser. */
const ON_SERVER = 4;

export function layOut(width: number): Layout {
  if (width >= ROW_FROM) return row(width);
  return width >= ROWS_FROM ? rows(width) : column(width);
}

function row(width: number): Layout {
  const gap = Math.min(44, width / 45);
  const divide = 2 * gap;
  const card = (width - (NODES.length - 2) * gap - divide) / NODES.length;
  const boxes = NODES.map((_, index) => ({
    x: index * (card + gap) + (index < ON_SERVER ? 0 : divide - gap),
    y: LABEL,
    width: card,
    height: CARD,
  }));
  const labels = { server: { x: 0, y: 0 }, browser: { x: boxes[ON_SERVER].x, y: 0 } };
  return { shape: "row", height: LABEL + CARD, boxes, ways: boxes.slice(1).map(across), labels };

  function across(box: Box, index: number): Point[] {
    return [right(boxes[index]), left(box)];
  }
}

/** Two rows; the way between them runs back through the gutter. */
function rows(width: number): Layout {
  const gap = Math.min(32, width / 28);
  const gutter = 56;
  const card = (width - (ON_SERVER - 1) * gap) / ON_SERVER;
  const second = LABEL + CARD + gutter + LABEL;
  const boxes = NODES.map((_, index) => ({
    x: (index % ON_SERVER) * (card + gap),
    y: index < ON_SERVER ? LABEL : second,
    width: card,
    height: CARD,
  }));
  const middle = LABEL + CARD + gutter / 2;
  const ways = boxes.slice(1).map((box, index) => {
    const from = boxes[index];
    if (from.y === box.y) return [right(from), left(box)];
    const start = { x: from.x + from.width / 2, y: from.y + from.height };
    const end = { x: box.x + box.width / 2, y: box.y };
    return [start, { x: start.x, y: middle }, { x: end.x, y: middle }, end];
  });
  // The label stands beside the way, which ends at the middle of the first card below.
  const labels = { server: { x: 0, y: 0 }, browser: { x: 0, y: second - LABEL } };
  return { shape: "rows", height: second + CARD, boxes, ways, labels };
}

function column(width: number): Layout {
  const gap = 18;
  const boxes = NODES.map((_, index) => ({
    x: 0,
    y: LABEL + index * (LINE + gap) + (index < ON_SERVER ? 0 : LABEL),
    width,
    height: LINE,
  }));
  const rail = 22;
  const ways = boxes.slice(1).map((box, index) => {
    const from = boxes[index];
    return [
      { x: rail, y: from.y + from.height },
      { x: rail, y: box.y },
    ];
  });
  const beside = { x: 2 * rail, y: boxes[ON_SERVER].y - LABEL };
  const labels = { server: { x: 0, y: 0 }, browser: beside };
  const last = boxes[boxes.length - 1];
  return { shape: "column", height: last.y + LINE, boxes, ways, labels };
}

function left({ x, y, height }: Box): Point {
  return { x, y: y + height / 2 };
}

function right({ x, y, width, height }: Box): Point {
  return { x: x + width, y: y + height / 2 };
}

/** The length of a way. */
export function lengthOf(way: readonly Point[]): number {
  return way.slice(1).reduce((sum, to, index) => sum + distance(way[index], to), 0);
}

/** The point at a share of a way, from 0 to 1. */
export function pointAt(way: readonly Point[], share: number): Point {
  let left = lengthOf(way) * share;
  for (let index = 1; index < way.length; index++) {
    const [from, to] = [way[index - 1], way[index]];
    const long = distance(from, to);
    if (left <= long && long > 0) {
      const part = left / long;
      return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
    }
    left -= long;
  }
  return way[way.length - 1];
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

const CORNER = 12;

/** A way as SVG path data, with rounded corners. */
export function pathOf(way: readonly Point[]): string {
  const corners = way.slice(1, -1).map((corner, index) => {
    const before = toward(corner, way[index]);
    const after = toward(corner, way[index + 2]);
    return `L${text(before)}Q${text(corner)} ${text(after)}`;
  });
  return `M${text(way[0])}${corners.join("")}L${text(way[way.length - 1])}`;
}

function toward(from: Point, to: Point): Point {
  const long = distance(from, to);
  const part = long === 0 ? 0 : Math.min(CORNER, long / 2) / long;
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}

function text({ x, y }: Point): string {
  return `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;
}
