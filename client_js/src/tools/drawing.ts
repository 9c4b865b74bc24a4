import { isColor } from "../chart/color";

/** A place on a chart that stays when the view or the interval changes. */
export interface Anchor {
  /** ms: any instant of a candle, or of one that is not there yet. */
  time: number;
  price: number;
}

/** The kinds of drawings, each with its number of anchors. */
export const ANCHORS = { trend: 2, horizontal: 1, rectangle: 2, measure: 2 } as const;

export type DrawingKind = keyof typeof ANCHORS;

/** A drawing on the chart of a symbol. */
export interface Drawing {
  id: string;
  symbol: string;
  kind: DrawingKind;
  anchors: readonly Anchor[];
  /** "#rrggbb" */
  color: string;
}

/** A new drawing: its id and its colour may be left out. */
export type DrawingInput = Omit<Drawing, "id" | "color"> & Partial<Pick<Drawing, "id" | "color">>;

/** Readable as a line on dark and light grounds, and as the ground of white text. */
export const DEFAULT_COLOR = "#3573e0";

/** Beyond this, JavaScript has no dates. */
const LAST_TIME = 8.64e15;

/** Check a drawing from outside; throws TypeError or RangeError that names the field. */
export function checkedDrawing(given: unknown): Drawing {
  if (given === null || typeof given !== "object") {
    throw new TypeError("a drawing must be an object");
  }
  const { id, symbol, kind, anchors, color = DEFAULT_COLOR } = given as Partial<Drawing>;
  if (typeof id !== "string" || id === "") throw new TypeError("id of a drawing must be text");
  if (typeof symbol !== "string") throw new TypeError("symbol of a drawing must be text");
  if (typeof kind !== "string" || !Object.hasOwn(ANCHORS, kind)) {
    const kinds = Object.keys(ANCHORS).join(", ");
    throw new RangeError(`kind of a drawing must be one of ${kinds}, not "${String(kind)}"`);
  }
  if (typeof color !== "string" || !isColor(color)) {
    throw new TypeError(`color of a drawing must be "#rrggbb", not ${JSON.stringify(color)}`);
  }
  return { id, symbol, kind, anchors: checkedAnchors(anchors, kind), color };
}

/** Check the anchors of a drawing; throws as `checkedDrawing` does. */
export function checkedAnchors(given: unknown, kind: DrawingKind): Anchor[] {
  const wanted = ANCHORS[kind];
  if (!Array.isArray(given) || given.length !== wanted) {
    const count = wanted === 1 ? "a list of one" : `a list of ${wanted}`;
    throw new TypeError(`anchors of a ${kind} drawing must be ${count}`);
  }
  return given.map(checkedAnchor);
}

function checkedAnchor(given: unknown): Anchor {
  const { time, price } = (given ?? {}) as Partial<Anchor>;
  if (typeof time !== "number" || !(Math.abs(time) <= LAST_TIME)) {
    throw new RangeError(`time of an anchor must be ms since the epoch, not ${String(time)}`);
  }
  if (typeof price !== "number" || !Number.isFinite(price)) {
    throw new RangeError(`price of an anchor must be a finite number, not ${String(price)}`);
  }
  return { time, price };
}
