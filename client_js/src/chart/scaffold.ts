import { el } from "../dom";

/** The elements of a chart. */
export interface Scaffold {
  root: HTMLElement;
  pane: HTMLElement;
  priceAxis: HTMLElement;
  timeAxis: HTMLElement;
  /** The axis labels are drawn on it. */
  canvas: HTMLCanvasElement;
  /** The button that returns to the newest candle. */
  latest: HTMLButtonElement;
}

/** Make the elements of a chart. */
export function buildScaffold(): Scaffold {
  const latest = el("button", "go-latest", { type: "button" }, "Latest ▸");
  latest.hidden = true;
  const pane = el("div", "pane", {}, latest);
  const priceAxis = el("div", "axis-price");
  const timeAxis = el("div", "axis-time");
  const canvas = el("canvas", "axes-canvas", { "aria-hidden": "true" });
  const root = el(
    "div",
    "tickfire-chart",
    { tabindex: "0", role: "application", "aria-roledescription": "candlestick chart" },
    pane,
    priceAxis,
    timeAxis,
    canvas,
  );
  return { root, pane, priceAxis, timeAxis, canvas, latest };
}
