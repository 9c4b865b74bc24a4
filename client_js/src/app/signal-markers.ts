import type { Marker } from "../chart/markers";
import type { SignalEvent } from "../feed/signals";
import { explain, trend } from "./signal-text";

/** Maximum number of signals kept for the chart. */
const KEPT = 500;

/** The marker of a signal on candles of an interval; null if it has none there. */
export function markerOf(signal: SignalEvent, interval: string): Marker | null {
  const text = explain(signal);
  if (signal.event === "anomaly") {
    const time = signal.interval === undefined ? signal.timestamp : lastOf(signal.timestamp);
    return { time, side: "above", tone: "alert", glyph: "!", text };
  }
  if (signal.event !== "pattern" || signal.interval !== interval) return null;
  const tone = trend(signal);
  const side = tone === "up" ? "below" : "above";
  const glyph = tone === "up" ? "▲" : tone === "down" ? "▼" : "◆";
  return { time: lastOf(signal.timestamp), side, tone, glyph, text };
}

/** The first lines of the explanations of markers from `start` to `end` (exclusive), ms. */
export function titlesBetween(markers: readonly Marker[], start: number, end: number): string[] {
  return markers
    .filter(({ time }) => time >= start && time < end)
    .map(({ text }) => text.split("\n", 1)[0]);
}

/** The last instant of a candle: its end is the first instant of the next. */
function lastOf(end: number): number {
  return end - 1;
}

/** The selected symbol's signals, as markers on the chart. */
export class SignalMarkers {
  private readonly signals = new Map<string, SignalEvent>();

  /** Replace all signals, newest last; without an argument, remove them. */
  reset(signals: readonly SignalEvent[] = []): void {
    this.signals.clear();
    for (const signal of signals) this.push(signal);
  }

  push(signal: SignalEvent): void {
    if (signal.event === "signal") return;
    this.signals.set(signal.id, signal);
    const [oldest] = this.signals.keys();
    if (this.signals.size > KEPT && oldest !== undefined) this.signals.delete(oldest);
  }

  /** The titles of the markers on the candle from `start` to `end`. */
  titlesBetween(start: number, end: number, interval: string): string[] {
    return titlesBetween(this.on(interval), start, end);
  }

  /** The markers on candles of an interval. */
  on(interval: string): Marker[] {
    return [...this.signals.values()]
      .map((signal) => markerOf(signal, interval))
      .filter((marker) => marker !== null);
  }
}
