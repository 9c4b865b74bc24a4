import type { Point } from "./crosshair";

/** Least distance of two fingers that zooms, in CSS pixels: closer, a pixel would be a large factor. */
const LEAST_SPAN_PX = 8;

/** The movement of one pressed pointer; `other` is where a second one rests. */
export interface FingerMove {
  from: Point;
  to: Point;
  other: Point | null;
}

/** The pointers that are pressed on an element: the mouse's button, a pen, or fingers. */
export class Fingers {
  private readonly places = new Map<number, Point>();

  constructor(private readonly element: HTMLElement) {}

  get count(): number {
    return this.places.size;
  }

  press(event: PointerEvent): void {
    this.places.set(event.pointerId, pointOf(event, this.element));
  }

  /** Follow a pointer; null if it is not pressed. */
  move(event: PointerEvent): FingerMove | null {
    const from = this.places.get(event.pointerId);
    if (from === undefined) return null;
    const to = pointOf(event, this.element);
    this.places.set(event.pointerId, to);
    const other = [...this.places].find(([id]) => id !== event.pointerId)?.[1] ?? null;
    return { from, to, other };
  }

  /** Forget a pointer; returns whether it was pressed. */
  release(event: PointerEvent): boolean {
    return this.places.delete(event.pointerId);
  }
}

/** Follow the pointers pressed on an element by themselves. */
export function followFingers(element: HTMLElement, onMove: (move: FingerMove) => void): void {
  const fingers = new Fingers(element);
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    fingers.press(event);
  });
  element.addEventListener("pointermove", (event) => {
    const move = fingers.move(event);
    if (move !== null) onMove(move);
  });
  for (const end of ["pointerup", "pointercancel"] as const) {
    element.addEventListener(end, (event) => fingers.release(event));
  }
}

/** The factor by which two fingers have moved apart along an axis. */
export function spread({ from, to, other }: FingerMove, axis: "x" | "y"): number {
  if (other === null) return 1;
  const before = Math.abs(from[axis] - other[axis]);
  const after = Math.abs(to[axis] - other[axis]);
  return before > LEAST_SPAN_PX && after > LEAST_SPAN_PX ? after / before : 1;
}

/** Where a pointer is, in CSS pixels from an element's top left corner. */
export function pointOf(event: MouseEvent, element: HTMLElement): Point {
  const box = element.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}
