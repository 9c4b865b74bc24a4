import type { CandleChart } from "../chart/chart";
import type { BarHistory } from "../compute/bar-history";
import { Compute } from "../compute/compute";
import type { Indicator } from "../compute/indicator";
import { StoreSync } from "../compute/store-sync";
import type { CandleStore } from "../store/candle-store";
import { IndicatorMenu } from "./indicator-menu";
import { seriesOf } from "./indicator-series";
import { type Choice, IndicatorSet } from "./indicator-set";
import { keepIndicators, keptIndicators } from "./settings";

/**
 * The page's indicators: those chosen in the menu are computed by a worker over the visible candles
 * and drawn when results arrive. The first indicator starts the worker.
 */
export class Indicators {
  private readonly set = new IndicatorSet();
  private readonly running = new Map<string, Indicator>();
  private compute: Compute | null = null;
  private shown: { store: CandleStore; symbol: string; interval: string } | null = null;
  private history: BarHistory | null = null;
  private sync: StoreSync | null = null;

  /** `onFailure` is called with a sentence if indicators cannot be computed. */
  constructor(
    private readonly chart: CandleChart,
    private readonly onFailure: (reason: string) => void,
  ) {
    this.set.read(keptIndicators());
    const menu = new IndicatorMenu(this.set, {
      onAdd: (choice) => this.run(choice),
      onChange: (choice, isRecolored) => (isRecolored ? this.draw(choice) : this.run(choice)),
      onRemove: (id) => this.stop(id),
      onEdited: () => keepIndicators(this.set.write()),
    });
    menu.render();
  }

  /** The chart now shows other candles. */
  show(store: CandleStore, symbol: string, interval: string): void {
    this.shown = { store, symbol, interval };
    this.sync?.dispose();
    this.history?.close();
    this.sync = null;
    this.history = null;
    this.running.clear();
    for (const choice of this.set.all) this.run(choice);
  }

  /** The candles have changed. */
  changed(): void {
    this.sync?.changed();
  }

  /** Compute and draw an indicator, replacing any with the same id. */
  private run(choice: Choice): void {
    this.running.get(choice.id)?.remove();
    this.running.delete(choice.id);
    this.draw(choice);
    const history = this.open();
    if (history === null) return;
    const { id, resolved } = choice;
    const indicator = history.start(resolved);
    this.running.set(id, indicator);
    indicator.onRefusal((reason) => {
      this.running.delete(id);
      this.onFailure(reason);
    });
    indicator.onChange(() => {
      const current = this.set.all.find((each) => each.id === id);
      if (current !== undefined) this.draw(current);
    });
  }

  private stop(id: string): void {
    this.running.get(id)?.remove();
    this.running.delete(id);
    this.chart.removeSeries(id);
  }

  private draw(choice: Choice): void {
    this.chart.setSeries(choice.id, seriesOf(choice, this.running.get(choice.id) ?? null));
  }

  /** The worker's history of the shown candles; null if none are shown or no worker can run. */
  private open(): BarHistory | null {
    if (this.shown === null) return null;
    const { store, symbol, interval } = this.shown;
    this.compute ??= new Compute({
      onFailure: (reason) => this.onFailure(`Indicators cannot be computed: ${reason}`),
    });
    this.history ??= this.compute.history(symbol, interval);
    this.sync ??= new StoreSync(store, this.history);
    return this.history;
  }
}
