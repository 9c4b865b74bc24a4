import type { CandleStore } from "../store/candle-store";
import type { Series } from "./series";

/** Parameters of an indicator, as the catalogue names them. */
export type IndicatorParams = Readonly<Record<string, number | string>>;

/** One indicator to compute and draw. */
export interface IndicatorRequest {
  /** Its id in the chart, and the name of its pane if it has one of its own. */
  id: string;
  name: string;
  params: IndicatorParams;
  /** Colour of its first line, "#rrggbb"; the next free one by default. */
  color?: string;
}

/** An indicator's results go to the chart through these. */
export interface IndicatorSink {
  /** At once, then with each new result. */
  onSeries(series: Series): void;
  /** If it cannot be computed after all; with a sentence that says why. */
  onFailure(reason: string): void;
}

/** Indicators over the candles of one chart. */
export interface IndicatorSession {
  /**
   * Compute an indicator and keep it up to date, in place of any with its id. Throws RangeError that
   * says what is valid if the name or a parameter is not, and then changes nothing.
   */
  start(request: IndicatorRequest, sink: IndicatorSink): void;
  stop(id: string): void;
  /** End all. */
  close(): void;
}

/** Candles that indicators are computed over. */
export interface IndicatorSource {
  store: CandleStore;
  symbol: string;
  interval: string;
}

/** Computes indicators for charts; the chart itself knows none. */
export interface IndicatorKernels {
  open(source: IndicatorSource): IndicatorSession;
}
