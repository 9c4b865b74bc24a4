import type { Point } from "./crosshair";
import { type FingerMove, Fingers, followFingers, pointOf, spread } from "./fingers";
import { Glide } from "./glide";
import type { Drag } from "./layers";

/** The chart's actions for mouse, touch and keys, in CSS pixels of the pane. */
export interface ChartActions {
  /** Returns false if the candles are at an end and did not move. */
  pan(dx: number, dy: number): boolean;
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

/** Elements that hear the mouse, touch and keys. */
interface Places {
  root: HTMLElement;
  pane: HTMLElement;
  priceAxis: HTMLElement;
  timeAxis: HTMLElement;
}

/**
 * Listen to mouse, touch and keys. With `kinetic` a fling of the pane glides on, until the function
 * returned is called or any other input comes.
 */
export function listenTo(places: Places, actions: ChartActions, kinetic: boolean): () => void {
  const { root, pane, priceAxis, timeAxis } = places;
  const glide = new Glide((dx) => pane.isConnected && actions.pan(dx, 0));
  const stop = () => glide.begin();
  for (const input of ["pointerdown", "wheel", "keydown"]) {
    root.addEventListener(input, stop, { capture: true, passive: true });
  }
  listenToPane(pane, actions, kinetic ? glide : null);
  listenToAxes(priceAxis, timeAxis, actions);
  listenToKeys(root, actions);
  return stop;
}

/**
 * Mouse, pen and touch on the pane: dragging pans, two fingers zoom, hovering or a tap moves the
 * crosshair, and a double click fits the prices and shows the newest candle.
 */
function listenToPane(pane: HTMLElement, actions: ChartActions, glide: Glide | null): void {
  const fingers = new Fingers(pane);
  let moved = 0;
  let drag: { id: number; by: Drag } | null = null;
  let isOnLayer = false;
  pane.addEventListener("pointerdown", (event) => {
    // While a layer has the pointer, another finger does nothing.
    if (event.button !== 0 || drag !== null) return;
    pane.setPointerCapture(event.pointerId);
    const at = pointOf(event, pane);
    moved = 0;
    const by = fingers.count === 0 ? actions.press(at, event) : null;
    isOnLayer = by !== null;
    if (by !== null) drag = { id: event.pointerId, by };
    else fingers.press(event);
    glide?.track(at.x, event.timeStamp);
  });
  pane.addEventListener("pointermove", (event) => {
    const at = pointOf(event, pane);
    if (event.pointerType !== "touch") actions.point(at);
    if (event.pointerId === drag?.id) drag.by.move(at);
    const move = fingers.move(event);
    if (move === null) return;
    const { from, to, other } = move;
    moved += Math.abs(to.x - from.x) + Math.abs(to.y - from.y);
    if (other === null) {
      actions.pan(to.x - from.x, to.y - from.y);
      glide?.track(to.x, event.timeStamp);
    } else {
      pinch(move, actions);
      glide?.begin();
    }
  });
  const release = (event: PointerEvent) => {
    const at = pointOf(event, pane);
    const cancelled = event.type !== "pointerup";
    if (event.pointerId === drag?.id) {
      drag.by.end(at, cancelled);
      drag = null;
    }
    if (!fingers.release(event)) return;
    const isTap = moved < TAP_PX && !cancelled;
    if (event.pointerType === "touch") actions.point(isTap ? at : null);
    if (isTap) actions.click(at);
    else if (!cancelled && fingers.count === 0) glide?.release(event.timeStamp);
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

/** Zoom through time by two fingers: what is between them stays there. */
function pinch(move: FingerMove, actions: Pick<ChartActions, "pan" | "zoom">): void {
  const { from, to, other } = move;
  actions.pan((to.x - from.x) / 2, 0);
  actions.zoom((to.x + (other?.x ?? to.x)) / 2, spread(move, "x"));
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
 * Dragging along an axis, two fingers or a wheel over it stretch it; a double click fits the prices
 * or shows the newest candle.
 */
function listenToAxes(price: HTMLElement, time: HTMLElement, actions: ChartActions): void {
  scroll(price, (dy) => actions.zoomPrice(Math.exp(dy * WHEEL_ZOOM)));
  scroll(time, (dy) => actions.zoomFollowing(Math.exp(-dy * WHEEL_ZOOM)));
  followFingers(price, (move) => {
    const { from, to, other } = move;
    const dragged = Math.exp((to.y - from.y) * DRAG_ZOOM);
    actions.zoomPrice(other === null ? dragged : 1 / spread(move, "y"));
  });
  followFingers(time, (move) => {
    const { from, to, other } = move;
    if (other === null) actions.zoomFollowing(Math.exp((to.x - from.x) * DRAG_ZOOM));
    else pinch(move, actions);
  });
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

/** Keys: arrows pan, with Shift they move the crosshair; + and - zoom; Home and End go to either end; A
 * fits the prices; Escape hides the crosshair. */
function listenToKeys(element: HTMLElement, actions: ChartActions): void {
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
