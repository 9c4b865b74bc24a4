import { byId, setText } from "../dom";
import type { OlderCandles, OlderState } from "./older-candles";

/** The note left of the first candle. */
const NOTES: Record<OlderState, string> = {
  more: "",
  loading: "Loading older candles",
  beginning: "Beginning of history",
  full: "Older candles do not fit into memory",
};

/** Loads older candles as the chart nears its first, and tells when there are none. */
export class PastNote {
  private readonly element = byId("chart-past");

  /** The chart shows candles from index `left` to `right`. */
  follow(older: OlderCandles | null, { left, right }: { left: number; right: number }): void {
    if (older === null) return;
    older.near(left, right - left);
    const note = left < 1 ? NOTES[older.state] : "";
    setText(this.element, note);
    this.element.hidden = note === "";
  }
}
