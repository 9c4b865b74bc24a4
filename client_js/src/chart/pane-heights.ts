import { show } from "../store/values";

/** Heights of panes by their names, as shares of the chart's. */
export type PaneHeights = Readonly<Record<string, number>>;

/** Check heights of panes; throws RangeError that names the pane. */
export function checkedHeights(heights: PaneHeights): [string, number][] {
  const entries = Object.entries(heights);
  for (const [name, height] of entries) {
    if (typeof height === "number" && height > 0 && height < 1) continue;
    throw new RangeError(
      `height of pane "${name}" must be a share between 0 and 1, not ${show(height)}`,
    );
  }
  return entries;
}
