import { el, setData, setText } from "../dom";
import type { CandleStore } from "../store/candle-store";

/** A mark on a candle, with an explanation. */
export interface Flag {
  /** ms: any instant of its candle. */
  time: number;
  side: "above" | "below";
  tone: "up" | "down" | "flat" | "alert";
  /** The text drawn: one or two characters. */
  glyph: string;
  /** The explanation shown on hover. */
  text: string;
}

/** Flags of one candle and side, drawn as one. */
export interface FlagGroup {
  index: number;
  side: Flag["side"];
  flags: Flag[];
}

/** Columns of the candles in the pane, in CSS pixels. */
export interface Placement {
  /** The candles in view: first, and last (exclusive). */
  first: number;
  last: number;
  x: (index: number) => number;
  y: (price: number) => number;
}

/** Maximum number drawn at once; the newest are kept. */
const MOST = 200;

/**
 * Group flags by candle and side, in order of time; flags on candles that the store does not hold
 * are left out.
 */
export function groupFlags(
  flags: readonly Flag[],
  store: Pick<CandleStore, "count" | "time" | "lowerBound">,
  intervalMs: number,
): FlagGroup[] {
  const groups = new Map<string, FlagGroup>();
  for (const flag of flags) {
    const index = store.lowerBound(flag.time + 1) - 1;
    if (index < 0 || flag.time - store.time[index] >= intervalMs) continue;
    const key = `${index} ${flag.side}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { index, side: flag.side, flags: [flag] });
    else group.flags.push(flag);
  }
  return [...groups.values()].sort((a, b) => a.index - b.index);
}

/** Flags on candles: plain elements over the pane, with an explanation on hover. */
export class Flags {
  private flags: readonly Flag[] = [];
  private readonly elements: HTMLElement[] = [];

  constructor(private readonly parent: HTMLElement) {}

  /** Replace all flags. */
  set(flags: readonly Flag[]): void {
    this.flags = flags;
  }

  /** Place the flags of the visible candles. */
  place(store: CandleStore, intervalMs: number, at: Placement): void {
    const groups = groupFlags(this.flags, store, intervalMs)
      .filter(({ index }) => index >= at.first && index < at.last)
      .slice(-MOST);
    for (const [k, group] of groups.entries()) {
      const { index, side } = group;
      const price = side === "above" ? store.high.at(index) : store.low.at(index);
      show(this.element(k), group, at.x(index), at.y(price));
    }
    for (const element of this.elements.slice(groups.length)) element.hidden = true;
  }

  private element(k: number): HTMLElement {
    const known = this.elements[k];
    if (known !== undefined) return known;
    const made = el("div", "flag", { role: "note" });
    this.elements.push(made);
    this.parent.append(made);
    return made;
  }
}

function show(element: HTMLElement, { side, flags }: FlagGroup, x: number, y: number): void {
  const newest = flags[flags.length - 1];
  const text = flags.map((flag) => flag.text).join("\n");
  element.hidden = false;
  setText(element, flags.length > 1 ? `${newest.glyph}${flags.length}` : newest.glyph);
  setData(element, "side", side);
  setData(element, "tone", newest.tone);
  if (element.title !== text) {
    element.title = text;
    element.setAttribute("aria-label", text);
  }
  const transform = `translate(${x}px, ${y}px)`;
  if (element.style.transform !== transform) element.style.transform = transform;
}
