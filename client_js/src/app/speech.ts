import type { Chart } from "../chart/chart";
import type { ChartPoint } from "../chart/chart-events";
import { byId, setText } from "../dom";
import { compact } from "../format/decimal";
import { full } from "../format/time";
import type { Zone } from "../format/zone";
import type { Bar } from "../store/candle-store";

/** A key that is held steps faster than anyone listens, ms. */
const PAUSE_MS = 250;
const DAY_MS = 86_400_000;

/** Speaks the candle that the keyboard has moved the crosshair to, through a live region. */
export class CrosshairSpeech {
  private readonly region = byId("chart-speech");
  private byKey = false;
  private timer = 0;

  /** `about` gives more to say of a candle, such as its markers. */
  constructor(
    private readonly chart: Chart,
    private readonly zoneNow: () => Zone,
    private readonly about: (bar: Bar) => string,
  ) {
    // Before the chart hears the key itself; what it then does, it does at once.
    byId("chart-area").addEventListener("keydown", () => this.listen(), true);
    chart.on("crosshair", (point) => this.moved(point));
  }

  private listen(): void {
    this.byKey = true;
    setTimeout(() => {
      this.byKey = false;
    });
  }

  private moved(point: ChartPoint | null): void {
    clearTimeout(this.timer);
    if (point === null) setText(this.region, "");
    if (!this.byKey || !point?.bar) return;
    const { bar } = point;
    this.timer = window.setTimeout(() => setText(this.region, this.say(bar)), PAUSE_MS);
  }

  private say(bar: Bar): string {
    const { intervalMs } = this.chart;
    const zone = intervalMs >= DAY_MS ? "utc" : this.zoneNow();
    const { open, high, low, close, volume } = bar;
    const figures = `open ${open}, high ${high}, low ${low}, close ${close}, volume ${compact(volume)}`;
    return `${full(bar.time, zone, intervalMs)}: ${figures}. ${this.about(bar)}`.trim();
  }
}
