/** Line colours, assigned in turn. */
export const COLORS = [
  "#f59e42",
  "#5b8def",
  "#d65db1",
  "#3fb6a8",
  "#c9a227",
  "#8a6fe8",
  "#4aa3df",
  "#7fae3c",
] as const;

/** The first colour that is not taken; if all are, they are given out again in turn. */
export function freeColor(taken: readonly string[]): string {
  return COLORS.find((each) => !taken.includes(each)) ?? COLORS[taken.length % COLORS.length];
}
