import { lines } from "../chart/colors.json";

/** Line colours, assigned in turn. */
export const COLORS: readonly string[] = lines;

/** The first colour that is not taken; if all are, they are given out again in turn. */
export function freeColor(taken: readonly string[]): string {
  return COLORS.find((each) => !taken.includes(each)) ?? COLORS[taken.length % COLORS.length];
}
