import { el } from "../dom";

/** Widths of the columns beside the chart, in CSS pixels. */
export const WIDTHS = {
  watch: { initial: 232, least: 170, most: 480 },
  side: { initial: 288, least: 220, most: 560 },
} as const;

export type Width = keyof typeof WIDTHS;

const STEP_PX = 16;
/** On which side of its splitter the column lies: dragging to the right widens it by this sign. */
const SIGN = { watch: 1, side: -1 } as const;

/**
 * A bar on the edge of a column that sets its width: dragged, or moved by the arrow keys; Home
 * restores the first width. The width becomes a custom property of `main`.
 */
export function widthSplitter(
  main: HTMLElement,
  name: Width,
  label: string,
  kept: number,
  onChange: (width: number) => void,
): HTMLElement {
  const { initial, least, most } = WIDTHS[name];
  const element = el("div", "splitter", {
    role: "separator",
    tabindex: "0",
    "data-width": name,
    "aria-label": label,
    "aria-orientation": "vertical",
    "aria-valuemin": String(least),
    "aria-valuemax": String(most),
  });
  let width = 0;
  const set = (wanted: number): void => {
    width = Math.round(Math.min(Math.max(wanted, least), most));
    main.style.setProperty(`--${name}-width`, `${width}px`);
    element.setAttribute("aria-valuenow", String(width));
  };
  set(kept);
  element.addEventListener("pointerdown", (event) => element.setPointerCapture(event.pointerId));
  element.addEventListener("pointermove", (event) => {
    if (element.hasPointerCapture(event.pointerId)) set(width + SIGN[name] * event.movementX);
  });
  element.addEventListener("lostpointercapture", () => onChange(width));
  element.addEventListener("dblclick", () => change(initial));
  element.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -SIGN[name], ArrowRight: SIGN[name] } as Record<string, number>;
    const step = steps[event.key];
    if (step === undefined && event.key !== "Home") return;
    event.preventDefault();
    change(step === undefined ? initial : width + step * STEP_PX);
  });
  function change(wanted: number): void {
    set(wanted);
    onChange(width);
  }
  return element;
}
