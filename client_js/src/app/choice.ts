/** Find a symbol as it is typed, in whatever case; null if the market has none of that name. */
export function findSymbol(symbols: Iterable<string>, asked: string): string | null {
  const wanted = asked.trim().toUpperCase();
  let found: string | null = null;
  for (const each of symbols) {
    if (each === asked) return each;
    if (each.toUpperCase() === wanted) found ??= each;
  }
  return found;
}

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
  const found = findSymbol(known, asked);
  return { symbol: found ?? fallback, missing: found === null ? asked : null };
}
