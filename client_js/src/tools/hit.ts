import type { Coordinates } from "../chart/coordinates";
import type { Point } from "../chart/crosshair";
import type { Drawing, DrawingKind } from "./drawing";
import { pointOf } from "./places";

/** A part of a drawing under the pointer. */
export interface Hit {
  drawing: Drawing;
  /** The index of the anchor whose handle was hit; null for the drawing's lines. */
  anchor: number | null;
}

/** Distances at which the pointer hits, in CSS pixels. */
export interface Reach {
  line: number;
  handle: number;
}

/** Distance of a point from the segment between two others. */
export function distanceToSegment(at: Point, from: Point, to: Point): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : ((at.x - from.x) * dx + (at.y - from.y) * dy) / length;
  const share = Math.min(Math.max(along, 0), 1);
  return distanceTo(at, { x: from.x + share * dx, y: from.y + share * dy });
}

/** Distance of a point from the lines of a drawing whose anchors are at `points`. */
export function distanceToDrawing(kind: DrawingKind, points: readonly Point[], at: Point): number {
  const [a, b] = points;
  if (kind === "horizontal") return Math.abs(at.y - a.y);
  if (kind === "trend") return distanceToSegment(at, a, b);
  const corners = [a, { x: b.x, y: a.y }, b, { x: a.x, y: b.y }];
  const sides = corners.map((corner, k) => distanceToSegment(at, corner, corners[(k + 1) % 4]));
  return Math.min(...sides);
}

/**
 * The nearest part within reach of a point: a handle of the selected drawing first, then the lines
 * of any drawing, of those at one distance the one that was added last.
 */
export function hitAt(
  at: Point,
  drawings: readonly Drawing[],
  selected: Drawing | null,
  coordinates: Coordinates,
  reach: Reach,
): Hit | null {
  const handle = selected === null ? null : handleAt(at, selected, coordinates, reach.handle);
  if (selected !== null && handle !== null) return { drawing: selected, anchor: handle };
  let [found, least]: [Drawing | null, number] = [null, reach.line];
  for (const drawing of drawings) {
    const points = drawing.anchors.map((anchor) => pointOf(anchor, coordinates));
    const distance = distanceToDrawing(drawing.kind, points, at);
    if (distance <= least) [found, least] = [drawing, distance];
  }
  return found && { drawing: found, anchor: null };
}

function handleAt(at: Point, { anchors }: Drawing, coordinates: Coordinates, reach: number) {
  const distances = anchors.map((anchor) => distanceTo(at, pointOf(anchor, coordinates)));
  const nearest = Math.min(...distances);
  return nearest <= reach ? distances.indexOf(nearest) : null;
}

function distanceTo(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
