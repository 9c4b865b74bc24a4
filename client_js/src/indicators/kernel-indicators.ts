import type {
  IndicatorKernels,
  IndicatorRequest,
  IndicatorSession,
  IndicatorSink,
  IndicatorSource,
} from "../chart/indicator-kernels";
import type { BarHistory } from "../compute/bar-history";
import { Compute, type ComputeOptions } from "../compute/compute";
import type { Indicator } from "../compute/indicator";
import { type Resolved, resolve } from "../compute/params";
import { StoreSync } from "../compute/store-sync";
import { freeColor } from "./colors";
import { seriesOf } from "./series";

/**
 * Indicators for charts, computed by the server's own kernels in a worker: pass it to `createChart`
 * as `indicators`. The first indicator starts the worker, which all charts given the same kernels
 * share.
 */
export function kernelIndicators(
  options: Omit<ComputeOptions, "onFailure"> = {},
): KernelIndicators {
  return new KernelIndicators(options);
}

/** The worker of any number of charts, and their histories. */
export class KernelIndicators implements IndicatorKernels {
  private compute: Compute | null = null;
  private readonly sessions = new Set<Session>();
  private opened = 0;

  constructor(private readonly options: Omit<ComputeOptions, "onFailure">) {}

  /** Start computing over the candles of a chart. */
  open(source: IndicatorSource): IndicatorSession {
    this.compute ??= new Compute({
      ...this.options,
      onFailure: (reason) => {
        for (const session of this.sessions) session.fail(reason);
      },
    });
    // Two charts may show the same candles in stores of their own.
    this.opened++;
    const history = this.compute.history(source.symbol, `${source.interval} #${this.opened}`);
    const session = new Session(history, source, () => this.sessions.delete(session));
    this.sessions.add(session);
    return session;
  }

  /** Terminate the worker; the next chart starts another. */
  dispose(): void {
    this.compute?.dispose();
    this.compute = null;
  }
}

/** An indicator of a session. */
interface Running {
  indicator: Indicator;
  resolved: Resolved;
  color: string;
  sink: IndicatorSink;
}

class Session implements IndicatorSession {
  private readonly sync: StoreSync;
  private readonly running = new Map<string, Running>();

  constructor(
    private readonly history: BarHistory,
    source: IndicatorSource,
    private readonly onClose: () => void,
  ) {
    this.sync = new StoreSync(source.store, history);
  }

  start({ id, name, params, color }: IndicatorRequest, sink: IndicatorSink): void {
    const resolved = resolve(name, params);
    const before = this.running.get(id);
    const shown = color ?? before?.color ?? this.freeColor();
    if (before !== undefined && JSON.stringify(before.resolved) === JSON.stringify(resolved)) {
      // Another colour needs no other results.
      Object.assign(before, { color: shown, sink });
      sink.onSeries(seriesOf({ id, resolved, color: shown }, before.indicator));
      return;
    }
    before?.indicator.remove();
    const indicator = this.history.start(resolved);
    const running = { indicator, resolved, color: shown, sink };
    this.running.set(id, running);
    indicator.onRefusal((reason) => running.sink.onFailure(reason));
    indicator.onChange(() => {
      running.sink.onSeries(seriesOf({ id, resolved, color: running.color }, indicator));
    });
    // What was drawn before stays until there are results.
    if (before === undefined) sink.onSeries(seriesOf({ id, resolved, color: shown }, null));
  }

  stop(id: string): void {
    this.running.get(id)?.indicator.remove();
    this.running.delete(id);
  }

  close(): void {
    this.sync.dispose();
    this.history.close();
    this.running.clear();
    this.onClose();
  }

  /** The worker cannot go on. */
  fail(reason: string): void {
    const [first] = this.running.values();
    first?.sink.onFailure(`Indicators cannot be computed: ${reason}`);
  }

  private freeColor(): string {
    return freeColor([...this.running.values()].map(({ color }) => color));
  }
}
