import { CHART_EVENTS, type ChartEvents, type ChartPoint, chartPoint } from "./chart-events";
import { ShownSource } from "./chart-source";
import type { Countdown } from "./countdown";
import type { Point } from "./crosshair";
import { Emitter } from "./emitter";
import type { IndicatorSource } from "./indicator-kernels";
import { Indicators } from "./indicators";
import { type ChartOptions, type ChartSource, checkElement } from "./options";
import { checkedHeights, type PaneHeights } from "./pane-heights";
import { checkedScale } from "./price-scale";
import { rangeOf, type VisibleRange } from "./range";
import { buildScaffold } from "./scaffold";
import { AdoptedStyles } from "./style-sheet";
import { resolveTheme } from "./theme";
import { ChartView } from "./view";

/** The parts of a chart, and all that they tell each other. */
export class ChartCore {
  readonly events = new Emitter<ChartEvents>(CHART_EVENTS);
  readonly scaffold = buildScaffold();
  readonly source: ShownSource;
  readonly view: ChartView;
  readonly indicators: Indicators;
  /** Counts down to the close of the running candle; null without. */
  countdown: Countdown | null = null;
  destroyed = false;
  /** The visible range as told last. */
  private told: VisibleRange | null = null;
  private readonly styles = new AdoptedStyles(this.scaffold.root);

  /** Throws TypeError or RangeError that names the option. */
  constructor(element: HTMLElement, options: ChartOptions) {
    checkElement(element);
    const { events, scaffold, styles } = this;
    const { indicators = null, renderer = null, timeZone = "utc", theme = "dark" } = options;
    const { kineticPan = true, magnet = false } = options;
    const heights = new Map(checkedHeights(options.paneHeights ?? {}));
    const scale = checkedScale(options.scale ?? "linear");
    const colors = resolveTheme(theme);
    const source = new ShownSource(options, timeZone);
    const onFailure = (reason: unknown) => events.emit("failure", String(reason));
    this.source = source;
    element.append(scaffold.root);
    styles.follow();
    this.view = new ChartView(
      scaffold,
      {
        renderer,
        zone: source.timeZone,
        theme: colors,
        scale,
        kineticPan,
        magnet,
        heights,
        onPlaced: () => styles.follow(),
        onFrame: () => this.tellFrame(),
        onPoint: (at) => events.emit("crosshair", this.pointOf(at)),
        onClick: (at) => this.tellClick(at),
        onPanes: () => events.emit("panes", this.paneHeights),
        onFailure,
      },
      source.resolved,
    );
    const { series } = this.view;
    this.indicators = new Indicators(
      indicators,
      {
        setSeries: (id, results) => {
          series.set(id, results);
          events.emit("computed", id);
        },
        removeSeries: (id) => series.remove(id),
        fail: onFailure,
      },
      this.indicatorSource(),
    );
    this.label();
    if (options.countdown) {
      import("./countdown").then(({ Countdown }) => {
        this.countdown = new Countdown(
          scaffold.root,
          (start) => this.source.closeOf(start),
          options.clock,
        );
        this.view.addLayer(this.countdown);
      }, onFailure);
    }
  }

  /** Heights of panes that have been chosen. */
  get paneHeights(): PaneHeights {
    return Object.fromEntries(this.view.series.heights);
  }

  /** Show other candles. */
  show(given: ChartSource): void {
    const { source, view, indicators, events } = this;
    source.show(given);
    view.setZone(source.timeZone);
    view.show(source.resolved);
    indicators.show(this.indicatorSource());
    this.label();
    events.emit("source", this.indicatorSource());
  }

  /** Write the symbol and the interval into the legend and the label. */
  label(): void {
    const { symbol, interval } = this.source.resolved;
    const label = `Candlestick chart of ${symbol ?? "no symbol yet"}, ${interval} candles`;
    this.scaffold.root.setAttribute("aria-label", label);
    this.view.setTitle(this.source.resolved);
  }

  /** The times at the pane's edges; null while there are no candles in a pane. */
  range(): VisibleRange | null {
    const { store, intervalMs } = this.source.resolved;
    return this.view.coordinates && rangeOf(store, this.view.viewport, intervalMs);
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.indicators.close();
    this.view.dispose();
    this.styles.release();
    this.events.clear();
  }

  private indicatorSource(): IndicatorSource {
    const { store, symbol, interval } = this.source.resolved;
    return { store, symbol: symbol ?? "", interval };
  }

  private tellFrame(): void {
    const { frames, axisDraws } = this.view;
    this.events.emit("frame", { frames, axisDraws });
    const range = this.range();
    if (range === null || (range.from === this.told?.from && range.to === this.told.to)) return;
    this.told = range;
    this.events.emit("range", range);
  }

  private tellClick(at: Point): void {
    const point = this.pointOf(at);
    if (point !== null) this.events.emit("click", point);
  }

  /** A point of the pane, as listeners are told it. */
  pointOf(at: Point | null): ChartPoint | null {
    const { coordinates } = this.view;
    return at && coordinates && chartPoint(coordinates, at, this.view.magnet);
  }
}
