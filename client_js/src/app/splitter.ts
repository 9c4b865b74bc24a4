import { Separator } from "../separator";

/** Widths of the columns beside the chart, in CSS pixels. */
export const WIDTHS = {
  watch: { initial: 232, least: 170, most: 480 },
  side: { initial: 288, least: 220, most: 560 },
} as const;

export type Width = keyof typeof WIDTHS;

/** On which side of its splitter the column lies: dragging to the right widens it by this sign. */
const SIGN = { watch: 1, side: -1 } as const;

/** A bar on the edge of a column that sets its width, as a custom property of `main`. */
export function widthSplitter(
  main: HTMLElement,
  name: Width,
  label: string,
  kept: number,
  onChange: (width: number) => void,
): HTMLElement {
  const { initial, least, most } = WIDTHS[name];
  let width: number = initial;
  const set = (wanted: number): void => {
    width = Math.round(Math.min(Math.max(wanted, least), most));
    main.style.setProperty(`--${name}-width`, `${width}px`);
    bar.show({ label, value: width, least, most });
  };
  const bar = new Separator({
    className: "splitter",
    orientation: "vertical",
    sign: SIGN[name],
    onMove: set,
    onReset: () => set(initial),
    onDone: () => onChange(width),
  });
  bar.element.dataset["width"] = name;
  set(kept);
  return bar.element;
}
