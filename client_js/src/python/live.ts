import type { Series } from "../chart/series";
import { barsOf, type Shown, timesOf } from "./columns";
import { type PriceSpan, seriesOf } from "./drawing";
import type { PythonHost } from "./host";
import type { Outcome } from "./messages";

/** Minimum time between computations: bars change with each tick. */
const LEAST_MS = 200;
/** Maximum share of the time spent computing. */
const SHARE = 0.25;
const IDS = "python";

/** The chart that the indicator is drawn on. */
export interface Canvas {
  setSeries(id: string, series: Series): void;
  removeSeries(id: string): boolean;
}

/** The indicator over live bars: computed when they change, and drawn. */
export class LiveIndicator {
  /** True while an indicator is active. */
  defined = false;
  private shown: Shown | null = null;
  private drawn: string[] = [];
  private timer = 0;
  private due = 0;
  private stale = false;

  constructor(
    private readonly host: PythonHost,
    private readonly canvas: Canvas,
    private readonly onOutcome: (outcome: Outcome) => void,
  ) {}

  /** The bars shown, over which the indicator is computed. */
  get bars(): Shown | null {
    return this.shown;
  }

  /** The chart shows other bars; null for none. */
  show(shown: Shown | null): void {
    this.shown = shown;
    this.clear();
    this.changed();
  }

  /** The bars have changed. */
  changed(): void {
    this.stale = true;
    if (!this.defined || this.timer !== 0) return;
    const wait = Math.max(this.due - performance.now(), 0);
    this.timer = window.setTimeout(() => void this.recompute(), wait);
  }

  /** Compute a new source, and keep it if it succeeds. */
  async define(source: string): Promise<Outcome> {
    this.defined = false;
    const { shown } = this;
    if (shown === null) throw new Error("no bars have arrived yet");
    const time = timesOf(shown);
    const outcome = await this.host.ask({ kind: "define", source, bars: barsOf(shown) });
    this.defined = outcome.error === undefined;
    if (this.shown === shown) this.take(outcome, time, shown);
    if (this.defined && (this.shown !== shown || this.stale)) this.changed();
    return outcome;
  }

  /** Remove the indicator until there is another. */
  end(): void {
    this.defined = false;
    this.clear();
  }

  private async recompute(): Promise<void> {
    const { shown, host } = this;
    this.stale = false;
    if (shown !== null && this.defined && shown.store.count > 0) {
      const time = timesOf(shown);
      const outcome = await host.ask({ kind: "compute", bars: barsOf(shown) });
      if (outcome.error?.interrupted) this.defined = false;
      if (this.shown === shown && this.defined) this.take(outcome, time, shown);
      this.onOutcome(outcome);
      this.due = performance.now() + Math.max(LEAST_MS, outcome.ms / SHARE);
    }
    this.timer = 0;
    if (this.stale && this.defined) this.changed();
  }

  private take(outcome: Outcome, time: Float64Array, shown: Shown): void {
    if (outcome.error !== undefined) return;
    const series = seriesOf(outcome, time, spanOf(shown));
    this.clear(series.length);
    series.forEach((each, index) => {
      const id = `${IDS}-${index}`;
      this.canvas.setSeries(id, each);
      if (!this.drawn.includes(id)) this.drawn.push(id);
    });
  }

  /** Remove all drawn series but the first few, which are redrawn. */
  private clear(kept = 0): void {
    for (const id of this.drawn.splice(kept)) this.canvas.removeSeries(id);
  }
}

function spanOf({ store }: Shown): PriceSpan {
  const { low, high } = store.extent(0, store.count);
  const perUnit = 10 ** store.decimals;
  return { low: low / perUnit, high: high / perUnit };
}
