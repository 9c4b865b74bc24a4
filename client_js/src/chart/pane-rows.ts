import type { PaneSize } from "./geometry";

/** Share of the height for one pane below the candles, and for all of them at most, by default. */
const PANE_SHARE = 0.2;
const ALL_SHARE = 0.6;
/** Least heights that can be chosen, of a pane below the candles and of theirs, in CSS pixels. */
const LEAST_PX = 44;
const LEAST_MAIN_PX = 88;
/** A share that was worked out from whole rows gives them again, in spite of its rounding. */
const ROUNDING = 1e-6;

/** Least rows of a pane below the candles, if there are `count` of them. */
export function leastRows(count: number, size: PaneSize): number {
  return Math.min(Math.floor(LEAST_PX * size.ratio), usualRows(count, size));
}

/** Least rows that are left to the candles. */
export function leastMainRows({ height, ratio }: PaneSize): number {
  return Math.min(Math.floor(LEAST_MAIN_PX * ratio), Math.floor(height * (1 - ALL_SHARE)));
}

/**
 * Rows of the panes below the candles. `shares` are those of the height that are wanted, null for
 * the usual one; where they would leave the candles too little, the panes are squeezed.
 */
export function paneRows(shares: readonly (number | null)[], size: PaneSize): number[] {
  const { height } = size;
  const count = shares.length;
  const usual = usualRows(count, size);
  const least = leastRows(count, size);
  const rows = shares.map((share) =>
    share === null ? usual : Math.max(Math.floor(height * share + ROUNDING), least),
  );
  const room = height - leastMainRows(size);
  const wanted = rows.reduce((sum, each) => sum + each, 0);
  if (wanted <= room) return rows;
  const squeeze = Math.max(room - count * least, 0) / Math.max(wanted - count * least, 1);
  return rows.map((each) => least + Math.floor((each - least) * squeeze));
}

function usualRows(count: number, { height, ratio }: PaneSize): number {
  const line = Math.max(Math.floor(ratio), 1);
  return Math.max(Math.floor(height * Math.min(PANE_SHARE, ALL_SHARE / count)), line + 1);
}
