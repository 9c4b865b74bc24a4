/** The symbol that the page shows first. */
export interface FirstSymbol {
  symbol: string;
  /** The symbol that was wanted but is not in the market; null if the wanted one is shown. */
  missing: string | null;
}

/**
 * Choose among the market's symbols: the one that the address names, in whatever case; else the
 * one shown at the last visit; else the first. Null if there are none.
 */
export function firstSymbol(
  symbols: Iterable<string>,
  asked: string | null,
  kept: string | null,
): FirstSymbol | null {
  const known = [...symbols].sort();
  const fallback = known.find((each) => each === kept) ?? known[0];
  if (fallback === undefined) return null;
  if (asked === null) return { symbol: fallback, missing: null };
  const wanted = asked.toUpperCase();
  const found =
    known.find((each) => each === asked) ?? known.find((each) => each.toUpperCase() === wanted);
  return { symbol: found ?? fallback, missing: found === undefined ? asked : null };
}
