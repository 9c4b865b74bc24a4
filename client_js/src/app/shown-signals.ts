import type { Added } from "../chart/added";
import type { Chart } from "../chart/chart";
import type { SignalEvent } from "../feed/signals";
import type { Zone } from "../format/zone";
import type { Interval } from "../store/intervals";
import { SignalMarkers } from "./signal-markers";
import { Signals } from "./signals";

/** The shown symbol's signals, in their panel and as markers on the chart. */
export class ShownSignals {
  private readonly list = new Signals();
  private readonly markers = new SignalMarkers();
  private marked: Added | null = null;

  constructor(
    private readonly chart: Chart,
    private readonly intervalNow: () => Interval,
  ) {}

  /** Replace all signals, newest last; without an argument, remove them. */
  reset(signals: readonly SignalEvent[] = []): void {
    this.list.reset(signals);
    this.markers.reset(signals);
    this.mark();
  }

  push(signal: SignalEvent): void {
    this.list.push(signal);
    this.markers.push(signal);
    this.mark();
  }

  /** Mark the candles that the chart now shows. */
  mark(): void {
    this.marked?.remove();
    this.marked = this.chart.addMarkers(this.markers.on(this.intervalNow()));
  }

  /** The titles of the markers on the candle that begins at `start`, ms. */
  titlesAt(start: number): string[] {
    const end = start + this.chart.intervalMs;
    return this.markers.titlesBetween(start, end, this.intervalNow());
  }

  render(zone: Zone): void {
    this.list.render(zone);
  }
}
