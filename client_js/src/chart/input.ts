import type { Point } from "./crosshair";
import type { Drag } from "./layers";

/** The chart's actions for mouse, touch and keys, in CSS pixels of the pane. */
export interface ChartActions {
  pan(dx: number, dy: number): void;
  zoom(x: number, factor: number): void;
  /** Zoom about the newest candle, or the middle. */
  zoomFollowing(factor: number): void;
  zoomPrice(factor: number): void;
  autoPrice(): void;
  goLatest(): void;
  goOldest(): void;
  point(at: Point | null): void;
  /** A press at `at`; a layer that takes it returns a drag. */
  press(at: Point, event: PointerEvent): Drag | null;
  click(at: Point): void;
  /** Move the crosshair by whole candles. */
  step(candles: number): void;
}

const LINE_PX = 16;
const WHEEL_ZOOM = 0.0015;
const DRAG_ZOOM = 0.006;
const KEY_ZOOM = 1.25;
const KEY_PAN_PX = 64;
/** Maximum movement of a tap, in CSS pixels. */
const TAP_PX = 6;

/**
 * Mouse, pen and touch on the pane: dragging pans, two fingers zoom, hovering or a tap moves the
 * crosshair, and a double click fits the prices and shows the newest candle.
 */
export function listenToPane(pane: HTMLElement, actions: ChartActions): void {
  const fingers = new Map<number, Point>();
  let moved = 0;
  let drag: { id: number; by: Drag } | null = null;
  let isOnLayer = false;
  pane.addEventListener("pointerdown", (event) => {
    // While a layer has the pointer, another finger does nothing.
    if (event.button !== 0 || drag !== null) return;
    pane.setPointerCapture(event.pointerId);
    const at = pointOf(event, pane);
    moved = 0;
    const by = fingers.size === 0 ? actions.press(at, event) : null;
    isOnLayer = by !== null;
    if (by === null) fingers.set(event.pointerId, at);
    else drag = { id: event.pointerId, by };
  });
  pane.addEventListener("pointermove", (event) => {
    const at = pointOf(event, pane);
    const from = fingers.get(event.pointerId);
    if (event.pointerType !== "touch") actions.point(at);
    if (event.pointerId === drag?.id) drag.by.move(at);
    if (from === undefined) return;
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (other === undefined) actions.pan(at.x - from.x, at.y - from.y);
    else pinch(from, at, other, actions);
    moved += Math.abs(at.x - from.x) + Math.abs(at.y - from.y);
    fingers.set(event.pointerId, at);
  });
  const release = (event: PointerEvent) => {
    const at = pointOf(event, pane);
    const cancelled = event.type !== "pointerup";
    if (event.pointerId === drag?.id) {
      drag.by.end(at, cancelled);
      drag = null;
    }
    if (!fingers.delete(event.pointerId)) return;
    const isTap = moved < TAP_PX && !cancelled;
    if (event.pointerType === "touch") actions.point(isTap ? at : null);
    if (isTap) actions.click(at);
  };
  pane.addEventListener("pointerup", release);
  pane.addEventListener("pointercancel", release);
  pane.addEventListener("pointerleave", (event) => {
    if (event.pointerType !== "touch") actions.point(null);
  });
  pane.addEventListener("dblclick", () => {
    if (isOnLayer) return;
    actions.autoPrice();
    actions.goLatest();
  });
  pane.addEventListener("wheel", (event) => wheel(event, pane, actions), { passive: false });
}

function pinch(from: Point, to: Point, other: Point, actions: ChartActions): void {
  const before = Math.abs(from.x - other.x);
  const after = Math.abs(to.x - other.x);
  actions.pan((to.x - from.x) / 2, 0);
  if (before > 8 && after > 8) actions.zoom((to.x + other.x) / 2, after / before);
}

function wheel(event: WheelEvent, pane: HTMLElement, actions: ChartActions): void {
  event.preventDefault();
  const sideways = event.shiftKey ? event.deltaY : event.deltaX;
  if (sideways !== 0) actions.pan(-pixelsOf(event, sideways), 0);
  if (event.shiftKey || event.deltaY === 0) return;
  const factor = Math.exp(-pixelsOf(event, event.deltaY) * WHEEL_ZOOM);
  actions.zoom(pointOf(event, pane).x, factor);
}

/** A wheel's movement in CSS pixels, whether the mouse tells pixels or lines. */
function pixelsOf({ deltaMode }: WheelEvent, delta: number): number {
  return deltaMode === WheelEvent.DOM_DELTA_PIXEL ? delta : delta * LINE_PX;
}

/**
 * Dragging along an axis or a wheel over it stretches it; a double click fits the prices or shows the newest candle.
 */
export function listenToAxes(
  price: HTMLElement,
  time: HTMLElement,
  actions: Pick<ChartActions, "zoomPrice" | "zoomFollowing" | "autoPrice" | "goLatest">,
): void {
  scroll(price, (dy) => actions.zoomPrice(Math.exp(dy * WHEEL_ZOOM)));
  scroll(time, (dy) => actions.zoomFollowing(Math.exp(-dy * WHEEL_ZOOM)));
  drag(price, (_dx, dy) => actions.zoomPrice(Math.exp(dy * DRAG_ZOOM)));
  drag(time, (dx) => actions.zoomFollowing(Math.exp(dx * DRAG_ZOOM)));
  price.addEventListener("dblclick", () => actions.autoPrice());
  time.addEventListener("dblclick", () => actions.goLatest());
}

function scroll(element: HTMLElement, onScroll: (dy: number) => void): void {
  const listener = (event: WheelEvent) => {
    event.preventDefault();
    onScroll(pixelsOf(event, event.deltaY));
  };
  element.addEventListener("wheel", listener, { passive: false });
}

function drag(element: HTMLElement, onDrag: (dx: number, dy: number) => void): void {
  element.addEventListener("pointerdown", (event) => element.setPointerCapture(event.pointerId));
  element.addEventListener("pointermove", (event) => {
    if (element.hasPointerCapture(event.pointerId)) onDrag(event.movementX, event.movementY);
  });
}

/** Keys: arrows pan, with Shift they move the crosshair; + and - zoom; Home and End go to either end; A
 * fits the prices; Escape hides the crosshair. */
export function listenToKeys(element: HTMLElement, actions: ChartActions): void {
  const keys: Record<string, (shift: boolean) => void> = {
    ArrowLeft: (shift) => (shift ? actions.step(-1) : actions.pan(KEY_PAN_PX, 0)),
    ArrowRight: (shift) => (shift ? actions.step(1) : actions.pan(-KEY_PAN_PX, 0)),
    ArrowUp: () => actions.zoomFollowing(KEY_ZOOM),
    ArrowDown: () => actions.zoomFollowing(1 / KEY_ZOOM),
    "+": () => actions.zoomFollowing(KEY_ZOOM),
    "=": () => actions.zoomFollowing(KEY_ZOOM),
    "-": () => actions.zoomFollowing(1 / KEY_ZOOM),
    Home: () => actions.goOldest(),
    End: () => actions.goLatest(),
    a: () => actions.autoPrice(),
    Escape: () => actions.point(null),
  };
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = keys[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act(event.shiftKey);
  });
}

function pointOf(event: MouseEvent, pane: HTMLElement): Point {
  const box = pane.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}
