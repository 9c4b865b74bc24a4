import type {
  IndicatorKernels,
  IndicatorRequest,
  IndicatorSession,
  IndicatorSource,
} from "./indicator-kernels";
import type { Series } from "./series";

export interface IndicatorOptions {
  /** Tells several indicators of one name apart; the name by default. */
  id?: string;
  /** Colour of its first line, "#rrggbb"; the next free one by default. */
  color?: string;
}

/** A chart's services for its indicators. */
export interface IndicatorCanvas {
  setSeries(id: string, series: Series): void;
  removeSeries(id: string): boolean;
  fail(reason: string): void;
}

/** The indicators of a chart, which are computed anew when it shows other candles. */
export class Indicators {
  private readonly requests = new Map<string, IndicatorRequest>();
  private session: IndicatorSession | null = null;

  constructor(
    private readonly kernels: IndicatorKernels | null,
    private readonly canvas: IndicatorCanvas,
    private source: IndicatorSource,
  ) {}

  get ids(): string[] {
    return [...this.requests.keys()];
  }

  /** Add an indicator, or replace the one with the same id; a request that throws changes nothing. */
  set(request: IndicatorRequest): void {
    this.start(request);
    this.requests.set(request.id, request);
  }

  /** Remove an indicator; returns whether there was one with that id. */
  remove(id: string): boolean {
    if (!this.requests.delete(id)) return false;
    this.session?.stop(id);
    return this.canvas.removeSeries(id);
  }

  /** Compute all indicators over other candles. */
  show(source: IndicatorSource): void {
    this.source = source;
    this.closeSession();
    for (const request of this.requests.values()) this.start(request);
  }

  close(): void {
    this.closeSession();
    this.requests.clear();
  }

  private start(request: IndicatorRequest): void {
    if (this.kernels === null) {
      throw new Error(
        'setIndicator needs kernels: createChart(element, { indicators: kernelIndicators() }), from "tickfire/compute"',
      );
    }
    this.session ??= this.kernels.open(this.source);
    this.session.start(request, {
      onSeries: (series) => this.canvas.setSeries(request.id, series),
      onFailure: (reason) => this.canvas.fail(reason),
    });
  }

  private closeSession(): void {
    this.session?.close();
    this.session = null;
  }
}
