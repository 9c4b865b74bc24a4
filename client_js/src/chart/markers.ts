import { ElementPool, el, moveTo, setData, setText } from "../dom";
import { Roving } from "../roving";
import type { CandleStore } from "../store/candle-store";
import type { Coordinates } from "./coordinates";
import css from "./markers.css?inline";
import { addStyles } from "./style-sheet";

/** A mark on a candle, with an explanation. */
export interface Marker {
  /** ms: any instant of its candle. */
  time: number;
  side: "above" | "below";
  tone: "up" | "down" | "flat" | "alert";
  /** The text drawn: one or two characters. */
  glyph: string;
  /** The explanation shown on hover. */
  text: string;
}

/** Markers of one candle and side, drawn as one. */
export interface MarkerGroup {
  index: number;
  side: Marker["side"];
  markers: Marker[];
}

/** Maximum number drawn at once; the newest are kept. */
const MOST = 200;

/**
 * Group markers by candle and side, in order of time; those on candles that the store does not
 * hold are left out.
 */
export function groupMarkers(
  markers: readonly Marker[],
  store: Pick<CandleStore, "time" | "lastAt">,
  intervalMs: number,
): MarkerGroup[] {
  const groups = new Map<string, MarkerGroup>();
  for (const marker of markers) {
    const index = store.lastAt(marker.time);
    if (index < 0 || marker.time - store.time[index] >= intervalMs) continue;
    const key = `${index} ${marker.side}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { index, side: marker.side, markers: [marker] });
    else group.markers.push(marker);
  }
  return [...groups.values()].sort((a, b) => a.index - b.index);
}

/**
 * Markers on candles: plain elements over the pane, each with an explanation. They are one stop of
 * the Tab key, the newest at first; the arrow keys walk through them in order of time.
 */
export class Markers {
  private readonly pool: ElementPool;
  private readonly roving: Roving;
  /** The candle and side that each element marks. */
  private readonly marked = new Map<HTMLElement, string>();
  private count = 0;

  constructor(private readonly parent: HTMLElement) {
    addStyles(css);
    this.pool = new ElementPool(() => parent.appendChild(newMarker()));
    this.roving = new Roving(parent, { items: ".marker", start: "last" });
  }

  /** Place the markers of the visible candles. */
  place(markers: readonly Marker[], coordinates: Coordinates): void {
    const { store, geometry, intervalMs, ratio } = coordinates;
    const { first, last, per } = geometry;
    const groups = groupMarkers(markers, store, intervalMs)
      .filter(({ index }) => index >= first * per && index < last * per)
      .slice(-MOST);
    const focused = this.focused();
    this.pool.show(groups, (element, group) => {
      const { index, side } = group;
      const units = side === "above" ? store.high.at(index) : store.low.at(index);
      fill(element, group);
      moveTo(element, coordinates.columnOf(index) / ratio, coordinates.rowOf(units) / ratio);
      this.marked.set(element, `${store.time[index]} ${side}`);
    });
    if (groups.length !== this.count) this.roving.refresh();
    this.count = groups.length;
    if (focused !== null) this.keepFocus(focused);
  }

  /** The candle and side of the marker that has the focus; null if none has. */
  private focused(): string | null {
    const { activeElement } = this.parent.getRootNode() as Document | ShadowRoot;
    return this.marked.get(activeElement as HTMLElement) ?? null;
  }

  /** Another element may now mark the same candle; if none does, the chart gets the focus. */
  private keepFocus(mark: string): void {
    const heir =
      this.pool.shown.find((each) => this.marked.get(each) === mark) ??
      this.parent.closest<HTMLElement>("[tabindex='0']");
    if (heir?.matches(":focus") === false) heir.focus({ preventScroll: true });
  }
}

function newMarker(): HTMLElement {
  const made = el("button", "marker", { type: "button", tabindex: "-1", "data-explains": "" });
  // A tap explains the marker, and is no press on the pane.
  made.addEventListener("pointerdown", (event) => event.stopPropagation());
  return made;
}

function fill(element: HTMLElement, { side, markers }: MarkerGroup): void {
  const newest = markers[markers.length - 1];
  const text = markers.map((marker) => marker.text).join("\n");
  const shown = markers.length > 1 ? `${newest.glyph}${markers.length}` : newest.glyph;
  // Letters that are seen belong to the name, for people who call the marker by them.
  const name = /[\p{L}\p{N}]/u.test(shown) ? `${shown}: ${text}` : text;
  setText(element, shown);
  setData(element, "side", side);
  setData(element, "tone", newest.tone);
  if (element.ariaLabel === name) return;
  element.title = text;
  element.ariaLabel = name;
}
