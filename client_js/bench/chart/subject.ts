import type { Candle } from "./market";

/** The colours of every chart here: those of the page, so that a pixel tells whose it is. */
export const COLORS = {
  background: "#0c1016",
  grid: "#161b24",
  text: "#7d8a9a",
  up: "#26b389",
  down: "#ef5361",
} as const;

/** A chart in view: candles `first` to `last` (exclusive), and its pane on the page in CSS px. */
export interface Shown {
  first: number;
  last: number;
  pane: { x: number; y: number; width: number; height: number };
}

/** A chart that is measured. */
export interface Chart {
  /** Apply one tick: the newest candle, changed. */
  tick(candle: Candle): void;
  /** The candles in view. */
  shown(): Shown;
}

/** A library, with its code loaded. */
export interface Subject {
  /**
   * Convert candles to what this library takes; returns a function that opens a chart on them with
   * the newest `visible` in view, and resolves when it has drawn.
   */
  prepare(candles: readonly Candle[]): (parent: HTMLElement, visible: number) => Promise<Chart>;
}

/** The next animation frame. */
export function frame(): Promise<number> {
  return new Promise(requestAnimationFrame);
}

/** An element's box on the page. */
export function boxOf(element: Element): Shown["pane"] {
  const { x, y, width, height } = element.getBoundingClientRect();
  return { x, y, width, height };
}
