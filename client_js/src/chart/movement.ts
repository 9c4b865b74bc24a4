/** Mouse, touch and keys, which are loaded when there is something to move. */
import type { Coordinates } from "./coordinates";
import type { CrosshairPlace, Point } from "./crosshair";
import { closePoint, pointAt } from "./crosshair-point";
import { type ChartActions, listenTo } from "./input";
import type { Layers } from "./layers";
import { cursorAt, press } from "./layers-at";
import type { PriceScale } from "./price-scale";
import type { Scaffold } from "./scaffold";
import type { Viewport } from "./viewport";

/** A view that can be moved. */
export interface Movable {
  readonly viewport: Viewport;
  readonly scale: PriceScale;
  readonly layers: Layers;
  /** Conversions as of the last frame; null before the first. */
  readonly coordinates: Coordinates | null;
  /** The crosshair's place. */
  readonly cursor: Point | null;
  /** Draw the view that has been moved. */
  moved(): void;
  /** Place the crosshair, and tell nobody. */
  setCursor(at: Point | null): void;
  /** Move the crosshair. */
  point(at: Point | null): void;
  click(at: Point): void;
}

/**
 * Move a view by mouse, touch and keys on a chart's elements. With `kinetic` it glides on after a
 * fling, until the function returned is called or any other input comes.
 */
export function listen(scaffold: Scaffold, view: Movable, kinetic: boolean): () => void {
  const { latest, priceAxis, timeAxis } = scaffold;
  const actions = actionsOf(view, (at) => point(view, scaffold.pane, at));
  priceAxis.title = "Drag to scale, double-click to fit";
  timeAxis.title = "Drag to zoom, double-click for the latest";
  latest.title = "Latest (End)";
  latest.addEventListener("pointerdown", (event) => event.stopPropagation());
  latest.addEventListener("click", () => actions.goLatest());
  return listenTo(scaffold, actions, kinetic);
}

/** Place a view's crosshair; null hides it, and so does a time out of sight. */
export function place(view: Movable, at: CrosshairPlace | null): void {
  const { coordinates, cursor } = view;
  const point = at && coordinates && pointAt(coordinates, at);
  if (point?.x !== cursor?.x || point?.y !== cursor?.y) view.setCursor(point);
}

/** Move the crosshair, and show the cursor of the layer there. */
function point(view: Movable, { style }: HTMLElement, at: Point | null): void {
  const cursor = (at && cursorAt(view.layers.all, at)) ?? "";
  if (style.cursor !== cursor) style.cursor = cursor;
  view.point(at);
}

function actionsOf(view: Movable, point: (at: Point | null) => void): ChartActions {
  const { viewport, scale, layers } = view;
  const move =
    <A extends unknown[], R>(change: (...given: A) => R) =>
    (...given: A): R => {
      const changed = change(...given);
      view.moved();
      return changed;
    };
  return {
    pan: move((dx: number, dy: number) => {
      if (!scale.auto && dy !== 0) scale.pan(shareOf(dy, view));
      return viewport.pan(dx);
    }),
    zoom: move((x: number, factor: number) => viewport.zoom(x, factor)),
    zoomFollowing: move((factor: number) => viewport.zoomFollowing(factor)),
    zoomPrice: move((factor: number) => scale.zoom(factor)),
    autoPrice: move(() => {
      scale.auto = true;
    }),
    goLatest: move(() => viewport.goLatest()),
    goOldest: move(() => viewport.goOldest()),
    point,
    press: (at, event) => press(layers.all, at, event),
    click: (at) => view.click(at),
    step: (candles) => {
      const at = stepped(view, candles);
      if (at !== null) point(at);
    },
  };
}

/** The share of the candles' height that `dy` CSS pixels are. */
function shareOf(dy: number, { coordinates }: Movable): number {
  return coordinates === null ? 0 : (dy * coordinates.ratio) / coordinates.geometry.height;
}

/** The crosshair's place after a step of whole candles, at the close; null without candles. */
function stepped(view: Movable, candles: number): Point | null {
  const { coordinates, cursor } = view;
  if (coordinates === null || coordinates.store.count === 0) return null;
  const { geometry, store } = coordinates;
  const from = cursor === null ? store.count : coordinates.xToIndex(cursor.x);
  const index = Math.min(Math.max(from + candles * geometry.per, 0), store.count - 1);
  return closePoint(coordinates, index);
}
