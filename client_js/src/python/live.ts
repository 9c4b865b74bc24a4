import type { Chart } from "../chart/chart";
import type { Watcher } from "../store/changes";
import { barsOf, type Shown, timesOf } from "./columns";
import { type PriceSpan, seriesOf } from "./drawing";
import type { PythonHost } from "./host";
import type { Outcome } from "./messages";

/** Minimum time between computations: bars change with each tick. */
const LEAST_MS = 200;
/** Maximum share of the time spent computing. */
const SHARE = 0.25;
const IDS = "python";

/**
 * The indicator over live bars: computed when they change, and drawn. It is the last source that
 * ran without an error: one that fails leaves it as it is.
 */
export class LiveIndicator {
  /** The source of the indicator; null while there is none. */
  private source: string | null = null;
  /** True if Python has lost the indicator by a restart. */
  private lost = false;
  private drawn: string[] = [];
  private readonly stopFollowing: () => void;
  private watcher: Watcher;
  private timer = 0;
  private due = 0;
  private stale = false;

  constructor(
    private readonly host: PythonHost,
    private readonly chart: Chart,
    private readonly onOutcome: (outcome: Outcome) => void,
  ) {
    this.watcher = this.watch();
    this.stopFollowing = chart.on("source", () => {
      this.watcher.stop();
      this.watcher = this.watch();
      this.clear();
      this.changed();
    });
  }

  /** The bars on the chart; null while there are none. */
  get bars(): Shown | null {
    const { store, symbol, interval } = this.chart;
    return store.count === 0 ? null : { store, symbol: symbol ?? "", interval };
  }

  /** True while an indicator is active. */
  get defined(): boolean {
    return this.source !== null;
  }

  /** Compute a new source, and keep it if it succeeds. */
  async define(source: string): Promise<Outcome> {
    const shown = this.bars;
    if (shown === null) throw new Error("the chart has no candles yet");
    const time = timesOf(shown);
    const outcome = await this.host.ask({ kind: "define", source, bars: barsOf(shown) });
    if (outcome.error === undefined) {
      this.source = source;
      this.lost = false;
      if (this.isShown(shown)) this.take(outcome, time, shown);
    }
    if (!this.isShown(shown) || this.stale) this.changed();
    return outcome;
  }

  /** Python was restarted: give it the indicator again. */
  restarted(): void {
    this.lost = true;
    this.changed();
  }

  /** Remove the indicator until there is another. */
  end(): void {
    this.source = null;
    this.clear();
  }

  /** Remove the indicator for good. */
  dispose(): void {
    this.end();
    clearTimeout(this.timer);
    this.watcher.stop();
    this.stopFollowing();
  }

  private watch(): Watcher {
    return this.chart.store.watch(() => this.changed());
  }

  private isShown({ store }: Shown): boolean {
    return this.chart.store === store;
  }

  /** The bars have changed. */
  private changed(): void {
    this.stale = true;
    if (!this.defined || this.timer !== 0) return;
    const wait = Math.max(this.due - performance.now(), 0);
    this.timer = window.setTimeout(() => void this.recompute(), wait);
  }

  private async recompute(): Promise<void> {
    const { bars: shown, host, source } = this;
    this.stale = false;
    if (shown !== null && source !== null) {
      const time = timesOf(shown);
      const bars = barsOf(shown);
      const again = this.lost;
      this.lost = false;
      const outcome = await host.ask(
        again ? { kind: "define", source, bars } : { kind: "compute", bars },
      );
      if (this.source === source) {
        if (outcome.error?.interrupted) this.end();
        if (this.isShown(shown)) this.take(outcome, time, shown);
        this.onOutcome(outcome);
      } else {
        // Another source was defined meanwhile, perhaps before this one was again.
        this.lost ||= again;
        this.stale = true;
      }
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
      this.chart.setSeries(id, each);
      if (!this.drawn.includes(id)) this.drawn.push(id);
    });
  }

  /** Remove all drawn series but the first few, which are redrawn. */
  private clear(kept = 0): void {
    for (const id of this.drawn.splice(kept)) this.chart.removeSeries(id);
  }
}

function spanOf({ store }: Shown): PriceSpan {
  const { low, high } = store.extent(0, store.count);
  const perUnit = 10 ** store.decimals;
  return { low: low / perUnit, high: high / perUnit };
}
