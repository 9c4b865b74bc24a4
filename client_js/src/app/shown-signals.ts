import type { Added } from "../chart/added";
import type { Chart } from "../chart/chart";
import type { SignalEvent } from "../feed/signals";
import type { Zone } from "../format/zone";
import type { Interval } from "../store/intervals";
import { OnDemand } from "./on-demand";
import { SignalMarkers } from "./signal-markers";
import type { Signals } from "./signals";

/** The shown symbol's signals: in their list, which is loaded apart, and as markers on the chart. */
export class ShownSignals {
  private readonly list: OnDemand<Signals>;
  private readonly markers = new SignalMarkers();
  private marked: Added | null = null;

  /** `onLoaded` is called once the list can be drawn. */
  constructor(
    private readonly chart: Chart,
    private readonly intervalNow: () => Interval,
    onLoaded: () => void,
    onFailure: (reason: string) => void,
  ) {
    this.list = new OnDemand(
      async () => new (await import("./signals")).Signals(),
      "Signals cannot be listed",
      onFailure,
    );
    this.list.use(onLoaded);
  }

  /** Replace all signals, newest last; without an argument, remove them. */
  reset(signals: readonly SignalEvent[] = []): void {
    this.list.use((list) => list.reset(signals));
    this.markers.reset(signals);
    this.mark();
  }

  push(signal: SignalEvent): void {
    this.list.use((list) => list.push(signal));
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
    this.list.now?.render(zone);
  }
}
